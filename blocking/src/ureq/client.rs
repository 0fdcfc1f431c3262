//! Maps exchanges to requests of ureq, and its responses and errors to replies.

use std::{
    io::{self, Read},
    mem,
    sync::Arc,
    time::Duration,
};

use teamwire_core::{
    Config, Error, StopHandle,
    effect::{Body, BodyPolicy, Exchange, Response, Timeout, TransportError, TransportErrorKind},
    machine::Reply,
};
use teamwire_std::{
    ConnectionSlots, Pool, Proxy,
    body::{WAITING_FOR_CONNECTION, downcast_transport_error, timed_out},
    http1::{MAX_HEAD, MIN_EXPECT_CONTINUE_LENGTH, check_request_headers},
};
use ureq::{
    Agent, SendBody,
    http::{self, Method, Request, StatusCode, header, request::Parts},
};

use super::{
    agent::agent, buffers::MAX_OUTPUT, connection::Connection, connector::NetworkConnector, errors::other,
    head_additions::HeadAdditions, interrupter::Interrupter, limits::TimeLimits, pooled_connection::PooledConnection,
    proxy::opens_tunnel, request_context::RequestContext, restored_body::RestoredBody, slot::acquire, tcp::Hosts,
};
use crate::transport::{RequestBody, StoppableTransport, read_body, stopped};

type SendResult = Result<http::Response<ureq::Body>, ureq::Error>;

/// The transport on ureq, with its connections.
pub(crate) struct UreqTransport {
    agent: Agent,
    connector: NetworkConnector,
    slots: ConnectionSlots,
}

/// Progress of a response, for the error of its exchange.
#[derive(Default)]
struct ResponseProgress {
    head: Option<http::Response<()>>,
    bytes: u64,
}

impl UreqTransport {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let limits = config.limits();
        let settings = Agent::config_builder()
            // The connector handles the proxy. ureq's default is the one in the environment.
            .proxy(None)
            // Error statuses and redirects are responses as well.
            .http_status_as_error(false)
            .max_redirects(0)
            // A protocol may use any method.
            .allow_non_standard_methods(true)
            // The exchange has all headers except those of the framing.
            .user_agent("")
            .accept("")
            .accept_encoding("")
            // The connector has a pool.
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .max_response_header_size(MAX_HEAD)
            .build();
        let connector = NetworkConnector {
            tls: teamwire_std::tls_config(config)?,
            proxy: Proxy::from_config(config),
            hosts: Hosts::default(),
            pool: Arc::new(Pool::new(limits)),
        };
        let slots = ConnectionSlots::new(limits.max_connections);
        Ok(Self { agent: agent(settings, connector.clone()), connector, slots })
    }

    /// Performs the exchange. The response's body is in memory or in the file of the exchange.
    fn exchange(
        &self,
        exchange: Box<Exchange>,
        context: Box<RequestContext>,
        progress: &mut ResponseProgress,
    ) -> Result<Response, ureq::Error> {
        let wanted = exchange.body_policy();
        let response = self.send(exchange.request, exchange.requires_new_connection, context)?;
        receive(response, wanted, progress)
    }

    fn send(
        &self,
        request: Request<Body>,
        requires_new_connection: bool,
        mut context: Box<RequestContext>,
    ) -> SendResult {
        check_request_headers(request.headers()).map_err(other)?;
        let (mut head, content) = request.into_parts();
        let proxy = self.connector.proxy.as_ref().filter(|proxy| !opens_tunnel(proxy, &head.uri));
        context.additions = HeadAdditions::take(&mut head, proxy);
        context.requires_new_connection = requires_new_connection;
        let expects = content.has_file() && content.length() >= MIN_EXPECT_CONTINUE_LENGTH;
        if expects {
            self.send_with_expectation(head, &content, context)
        } else {
            self.attempt(head, &content, context)
        }
    }

    /// Sends a request with `Expect: 100-continue`, and repeats it without if the server does not support that.
    #[inline(never)]
    fn send_with_expectation(&self, head: Parts, content: &Body, context: Box<RequestContext>) -> SendResult {
        let mut expecting = Box::new(RequestContext { expects_continue: true, ..context.for_another_attempt() });
        expecting.additions.expect_continue();
        let response = self.attempt(head.clone(), content, expecting)?;
        if response.status() != StatusCode::EXPECTATION_FAILED {
            return Ok(response);
        }
        drop(response);
        if let Some(mut connection) = PooledConnection::replace_released(None)
            && let Some(since) = connection.reset()
        {
            self.connector.pool.check_in(connection, since);
        }
        self.attempt(head, content, context)
    }

    fn attempt(&self, head: Parts, content: &Body, mut context: Box<RequestContext>) -> SendResult {
        context.output_length = output_length(&head, content.length());
        RequestContext::replace(Some(context));
        match (content, content.as_bytes()) {
            // These methods usually have a body, so the length of an empty one is sent, which ureq would send chunked.
            (Body::Empty, _) if !matches!(head.method, Method::POST | Method::PUT | Method::PATCH) => {
                self.agent.run(Request::from_parts(head, SendBody::none()))
            }
            (content, Some(bytes)) if !content.is_observed() => self.agent.run(Request::from_parts(head, bytes)),
            (content, _) => self.stream(head, content),
        }
    }

    #[inline(never)]
    fn stream(&self, mut head: Parts, content: &Body) -> SendResult {
        let (source, total) = (RequestBody::open(content)?, content.length());
        head.headers.insert(header::CONTENT_LENGTH, total.into());
        let mut source = PaddedReader { left: total, source };
        self.agent.run(Request::from_parts(head, SendBody::from_reader(&mut source)))
    }
}

impl StoppableTransport for UreqTransport {
    fn perform(&self, exchange: Box<Exchange>, stop: Option<&StopHandle>) -> Reply {
        let Some(stop) = stop else { return self.perform_exchange(exchange, None) };
        if stop.is_stopped() {
            return Reply::Error(stopped());
        }
        let interrupter = Interrupter::default();
        let target = interrupter.clone();
        let _on_stop = stop.on_stop(move || target.interrupt());
        let mut reply = self.perform_exchange(exchange, Some(interrupter.clone()));
        interrupter.clear();
        if let Reply::Error(error) = &mut reply
            && interrupter.is_interrupted()
        {
            *error = stopped().with_sent(error.sent);
        }
        reply
    }
}

impl UreqTransport {
    fn perform_exchange(&self, exchange: Box<Exchange>, interrupter: Option<Interrupter>) -> Reply {
        let (timeout, max_duration) = (exchange.timeout, exchange.max_duration);
        let limits = TimeLimits::start(timeout, max_duration);
        // A long poll needs no slot: it would have it nearly all the time.
        let is_long_poll = matches!(timeout, Timeout::LongPoll { .. });
        let slot = (!is_long_poll).then(|| acquire(&self.slots, limits, interrupter.as_ref())).transpose();
        let Ok(_slot) = slot else {
            let timeout = max_duration.filter(|_| limits.has_ended()).map_or(timeout, Timeout::Total);
            return Reply::Error(timed_out(timeout, Some(WAITING_FOR_CONNECTION)));
        };
        let mut response = ResponseProgress::default();
        let outer = (RequestContext::replace(None), PooledConnection::replace_released(None));
        let replaces_stale_connection = exchange.replaces_stale_connection;
        let context =
            Box::new(RequestContext { replaces_stale_connection, limits, interrupter, ..RequestContext::default() });
        let result = self.exchange(exchange, context, &mut response);
        let context = RequestContext::replace(outer.0).unwrap_or_default();
        let connection = PooledConnection::replace_released(outer.1);
        self.conclude(result, (timeout, max_duration), context, connection, response)
    }

    /// Returns the reply to an exchange with these limits of time. Not inlined, like [`receive`].
    #[inline(never)]
    fn conclude(
        &self,
        result: Result<Response, ureq::Error>,
        limits: (Timeout, Option<Duration>),
        context: Box<RequestContext>,
        connection: Option<Box<Connection>>,
        response: ResponseProgress,
    ) -> Reply {
        let result = result.map_err(|error| failure(error, limits, &context, response));
        let is_interrupted = context.interrupter.as_ref().is_some_and(Interrupter::is_interrupted);
        let result = match connection {
            Some(mut connection) if !is_interrupted => {
                let idle_since = connection.reset();
                self.connector.pool.finish(connection, idle_since, context.response_started, result)
            }
            _ => result,
        };
        result.map_or_else(Reply::Error, Reply::Response)
    }
}

/// Receives the body of a response.
///
/// Like the other functions that are not inlined, it would enlarge the part of the stack that a thread has touched
/// while it waits for the response to a long poll.
#[inline(never)]
fn receive(
    response: http::Response<ureq::Body>,
    wanted: BodyPolicy,
    progress: &mut ResponseProgress,
) -> Result<Response, ureq::Error> {
    let (mut head, body) = response.into_parts();
    head.headers = RequestContext::with(|context| mem::take(&mut context.hidden_response.headers));
    let head = progress.head.insert(http::Response::from_parts(head, ()));
    let length = body.content_length();
    // `read_body` enforces the limit.
    let body = RestoredBody(body.into_with_config().limit(u64::MAX).reader());
    let bytes = read_body(wanted, head.status(), length, body, &mut progress.bytes)?;
    Ok(mem::take(head).map(|()| bytes))
}

/// Maps the error of an exchange with these limits of time.
fn failure(
    error: ureq::Error,
    (timeout, max_duration): (Timeout, Option<Duration>),
    context: &RequestContext,
    response: ResponseProgress,
) -> TransportError {
    let timeout = match max_duration {
        Some(time) if context.limits.has_ended() => Timeout::Total(time),
        _ if response.head.is_some() => timeout.after_head(),
        _ => timeout,
    };
    let error = transport_error(error, (timeout, context.phase), context.sent)
        .with_sent(context.sent)
        .with_reused(context.sent && context.reused)
        .with_received(response.bytes);
    match response.head {
        Some(head) => error.with_head(head),
        None => error,
    }
}

/// Reader of a body that reads zeros instead once nothing more is sent, and so has the announced length.
struct PaddedReader<S> {
    left: u64,
    source: S,
}

impl<S: Read> Read for PaddedReader<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = if RequestContext::with(|context| context.stop_sending) {
            usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len())
        } else {
            self.source.read(buffer)?
        };
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

/// Returns the length of the buffer for the parts of a request that ureq writes: the head, and then the body, or pieces
/// of it.
fn output_length(head: &Parts, body: u64) -> usize {
    /// Length of the lines that ureq adds, which contain the host.
    const ADDED: usize = 128;
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let uri = &head.uri;
    let target =
        uri.path().len() + uri.query().map_or(0, str::len) + 2 * uri.authority().map_or(0, |it| it.as_str().len());
    let head = ADDED + target + headers.sum::<usize>();
    head.max(usize::try_from(body).unwrap_or(usize::MAX)).min(MAX_OUTPUT)
}

/// Maps an error of ureq.
fn transport_error(error: ureq::Error, limit: (Timeout, Option<&str>), sent: bool) -> TransportError {
    use ureq::Error as E;
    // Before anything was sent, no connection had been made.
    let broken = if sent { TransportErrorKind::Disconnected } else { TransportErrorKind::Connect };
    let (kind, why) = match error {
        E::Timeout(_) => return timed_out(limit.0, limit.1),
        E::Io(error) => {
            return downcast_transport_error(error).unwrap_or_else(|error| TransportError::new(broken, error));
        }
        E::Other(error) => return transport_error(E::Io(io::Error::other(error)), limit, sent),
        error => (TransportErrorKind::Protocol, error.to_string()),
    };
    TransportError::new(kind, why)
}

#[cfg(test)]
mod tests;
