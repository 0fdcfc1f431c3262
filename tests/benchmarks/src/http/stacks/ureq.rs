//! ureq alone, tuned for speed: with its timeout, but without a thread per request for name resolution, with small
//! buffers, and with head and body of a request in one write.

use std::net::SocketAddr;

use ureq::{
    Agent, Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::{Buffers, ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport},
    },
};

use crate::http::{Verb, responses, stacks, worker::Worker};

#[derive(Clone)]
pub(crate) struct Bare {
    agent: Agent,
    port: u16,
}

impl Bare {
    pub(crate) fn new(port: u16) -> Self {
        let settings = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent("")
            .accept("")
            .accept_encoding("")
            .timeout_global(Some(stacks::TIMEOUT))
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .input_buffer_size(16 << 10)
            .output_buffer_size(16 << 10)
            .build();
        let connector = ().chain(TcpConnector::default()).chain(CoalesceConnector);
        Self { agent: Agent::with_parts(settings, connector, FixedAddress(([127, 0, 0, 1], port).into())), port }
    }
}

impl Worker for Bare {
    fn request(&mut self, verb: Verb) {
        let request = stacks::request(verb, self.port);
        let response = match verb {
            Verb::Get => self.agent.run(request.body(()).expect("the request is valid")),
            Verb::Post => self.agent.run(request.body(responses::request_body()).expect("the request is valid")),
        };
        let response = response.expect("a response arrives");
        assert!(response.status().is_success(), "the request succeeds");
        let body = response.into_body().read_to_vec().expect("the response has a body");
        responses::decode(verb, &body);
    }
}

/// Resolves every name to one address.
#[derive(Debug)]
struct FixedAddress(SocketAddr);

impl Resolver for FixedAddress {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}

#[derive(Debug)]
struct CoalesceConnector;

/// Buffers output until input is awaited.
#[derive(Debug)]
struct CoalescingTransport<In> {
    socket: In,
    pending: Vec<u8>,
}

impl<In: Transport> Connector<In> for CoalesceConnector {
    type Out = CoalescingTransport<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, socket: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(socket.map(|socket| CoalescingTransport { socket, pending: Vec::new() }))
    }
}

impl<In: Transport> Transport for CoalescingTransport<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.socket.buffers()
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        self.pending.extend_from_slice(&self.socket.buffers().output()[..amount]);
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if !self.pending.is_empty() {
            self.socket.buffers().output()[..self.pending.len()].copy_from_slice(&self.pending);
            self.socket.transmit_output(self.pending.len(), timeout)?;
            self.pending.clear();
        }
        self.socket.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.socket.is_open()
    }
}
