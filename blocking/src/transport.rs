//! How ureq gets its connections. All that touches `ureq::unversioned` is in here, as it may change in any 3.x.
//!
//! ```text
//!   ConnectProxyConnector ──► Dial ──► Wrap ──► Wire      what ureq reads from and writes to
//!   (a tunnel, or nothing)   (TCP)              (TLS; few, whole writes; notes what left)
//! ```
//!
//! For a tunnel, the same chain first makes the connection to the proxy.

use std::io::{Read, Write};
use std::{cell::RefCell, fmt, mem, net::IpAddr, sync::Arc};

use rustls::{ClientConfig, ClientConnection};
use teamwire_core::{Fault, FaultKind};
use teamwire_platform::tls_handshake;
use ureq::{
    Agent, Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{
            Buffers, ConnectProxyConnector, ConnectionDetails, Connector, LazyBuffers, NextTimeout, TcpConnector,
            Transport, TransportAdapter,
            time::{Duration, Instant},
        },
    },
};

/// How much is read or written at once: a record of TLS.
pub(crate) const BUFFER: usize = 16 << 10;

/// An agent with these settings, whose connections are the ones in here.
pub(crate) fn agent(settings: Config, tls: Arc<ClientConfig>) -> Agent {
    let wrap = Wrap { tls, proxied: settings.proxy().is_some() };
    let chain = ().chain(ConnectProxyConnector::default()).chain(Dial::default()).chain(wrap);
    Agent::with_parts(settings, chain, Later)
}

/// What the exchange that this thread carries out has come to.
///
/// ureq tells a connection nothing of the request it is for, and an error nothing of its connection; but the whole of
/// an exchange happens in the thread that asked for it.
#[derive(Default)]
pub(crate) struct Trip {
    /// Lines of the head that go in after its first, unseen by ureq.
    withheld: Vec<u8>,
    /// Whether a connection was made for it.
    pub(crate) connected: bool,
    /// Whether any byte of the request may have left.
    pub(crate) sent: bool,
}

thread_local! {
    static TRIP: RefCell<Trip> = RefCell::default();
}

impl Trip {
    /// Begins an exchange with these lines in its head, each with its line break. Answers with the one under way: whoever
    /// watches a transfer may do something else in the meantime.
    pub(crate) fn begin(withheld: Vec<u8>) -> Self {
        TRIP.replace(Self { withheld, ..Self::default() })
    }

    /// Ends the exchange, and goes on with the one that was under way.
    pub(crate) fn end(outer: Self) -> Self {
        TRIP.replace(outer)
    }
}

/// Looks nothing up.
///
/// ureq resolves the host for every request, also for one that goes over a connection it has; and its own resolver
/// starts a thread for that if there is a timeout. Here the address is looked up by [`Dial`], when there is a
/// connection to make: then a thread is a small price for a look-up that ends in time, a host that moves is found, and
/// a name server that is down does no harm to the connections there are.
#[derive(Debug)]
struct Later;

impl Resolver for Later {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Looks the host up and connects to it, unless there is a tunnel through a proxy.
#[derive(Debug, Default)]
struct Dial(TcpConnector);

impl<In: Transport> Connector<In> for Dial {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, tunnel: Option<In>) -> Result<Option<Self::Out>, Error> {
        if tunnel.is_some() {
            return self.0.connect(details, tunnel);
        }
        let addrs = look_up(details).map_err(|error| unconnected(FaultKind::Resolve, details.uri, error))?;
        let details = ConnectionDetails {
            addrs,
            now: (details.current_time)(),
            timeout: left(details),
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
            ..*details
        };
        self.0.connect(&details, None).map_err(|error| unconnected(FaultKind::Connect, details.uri, error))
    }
}

fn look_up(details: &ConnectionDetails<'_>) -> Result<ResolvedSocketAddrs, Error> {
    let mut timeout = details.timeout;
    if host(details.uri).parse::<IpAddr>().is_ok() {
        // An address as it is: nothing to wait for, and so no thread to wait in.
        timeout.after = Duration::NotHappening;
    }
    DefaultResolver::default().resolve(details.uri, details.config, timeout)
}

/// The host as it is outside of a URI: an IPv6 address without its brackets.
fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

/// What is left of the time to connect in.
fn left(details: &ConnectionDetails<'_>) -> NextTimeout {
    let mut timeout = details.timeout;
    let now = (details.current_time)();
    if let (Duration::Exact(after), Instant::Exact(then), Instant::Exact(now)) = (timeout.after, details.now, now) {
        timeout.after = after.saturating_sub(now.saturating_duration_since(then)).into();
    }
    timeout
}

fn unconnected(kind: FaultKind, uri: &Uri, error: Error) -> Error {
    // Without the user name and password that a proxy's authority has.
    let place = uri.authority().and_then(|authority| authority.as_str().rsplit('@').next()).unwrap_or_default();
    match error {
        Error::Timeout(_) => error,
        error => Error::Other(Fault::new(kind, format!("{place}: {}", error.into_io())).into()),
    }
}

/// Makes a [`Wire`] of a connection, with TLS if the URI says `https`. ureq's own way to do TLS takes no `ClientConfig`.
#[derive(Debug)]
struct Wrap {
    tls: Arc<ClientConfig>,
    proxied: bool,
}

impl<In: Transport> Connector<In> for Wrap {
    type Out = Wire<In>;

    fn connect(&self, details: &ConnectionDetails<'_>, socket: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(socket) = socket else { return Ok(None) };
        let mut socket = TransportAdapter::new(socket, details.current_time.clone());
        socket.set_timeout(left(details));
        let handshake = || tls_handshake(self.tls.clone(), host(details.uri), &mut socket);
        let tls = details.needs_tls().then(handshake).transpose()?;
        // The connection to a proxy is made with the settings of one that has no proxy.
        let to_proxy = self.proxied && details.config.proxy().is_none();
        TRIP.with_borrow_mut(|trip| trip.connected |= !to_proxy);
        Ok(Some(Wire { socket, tls, to_proxy, buffers: LazyBuffers::new(BUFFER, BUFFER), held: Vec::new() }))
    }
}

/// A connection, as ureq has it.
struct Wire<In: Transport> {
    socket: TransportAdapter<In>,
    tls: Option<ClientConnection>,
    /// If so, what is written is the request for a tunnel, and not the exchange's.
    to_proxy: bool,
    buffers: LazyBuffers,
    /// What is written, until there is enough of it, or an answer is awaited: ureq writes head and body apart, each at
    /// once, which is two system calls, two packets, and two wake-ups of the server.
    held: Vec<u8>,
}

impl<In: Transport> Wire<In> {
    fn flush(&mut self, timeout: NextTimeout) -> Result<(), Error> {
        if self.held.is_empty() {
            return Ok(());
        }
        TRIP.with_borrow_mut(|trip| trip.sent |= !self.to_proxy);
        self.socket.set_timeout(timeout);
        match &mut self.tls {
            None => self.socket.write_all(&self.held)?,
            Some(tls) => {
                tls.writer().write_all(&self.held)?;
                // Not by `rustls::Stream`: it keeps the errors of a write for later.
                while tls.wants_write() {
                    tls.write_tls(&mut self.socket)?;
                }
            }
        }
        self.held.clear();
        Ok(())
    }

    /// Puts into a head the lines that ureq does not know of.
    fn insert_withheld(&mut self) {
        let lines = TRIP.with_borrow_mut(|trip| mem::take(&mut trip.withheld));
        if !lines.is_empty() {
            let at = self.held.windows(2).position(|pair| pair == b"\r\n").map_or(0, |end| end + 2);
            self.held.splice(at..at, lines);
        }
    }
}

impl<In: Transport> Transport for Wire<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.held.extend_from_slice(&self.buffers.output()[..amount]);
        if !self.to_proxy {
            self.insert_withheld();
        }
        if self.held.len() < BUFFER { Ok(()) } else { self.flush(timeout) }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.flush(timeout)?;
        self.socket.set_timeout(timeout);
        let input = self.buffers.input_append_buf();
        let read = match &mut self.tls {
            None => self.socket.read(input),
            Some(tls) => rustls::Stream::new(tls, &mut self.socket).read(input),
        };
        let amount = read.map_err(|error| match error.into() {
            // As it is, ureq would take a reset for the end of a body without a length: half an answer for a whole one.
            Error::Io(error) => Error::Other(error.into()),
            error => error,
        })?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// ureq asks before it keeps a connection, and before it uses one again.
    fn is_open(&mut self) -> bool {
        let socket = self.socket.get_mut();
        // What is left over would be taken for the next answer. ureq looks for it above and below of this buffer.
        socket.buffers().input().is_empty() && socket.is_open()
    }

    fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

impl<In: Transport> fmt::Debug for Wire<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wire").field(self.socket.get_ref()).finish()
    }
}
