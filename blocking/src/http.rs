//! One exchange over HTTP: what ureq is told, and how its answers and errors are read.

use std::{io, mem, sync::Arc, time::Duration};

use rustls::ClientConfig;
use teamwire_core::{
    Body, Config, Error, Exchange, Fault, FaultKind, InvalidInput, Progress, Reply, Response, Timeout,
};
use teamwire_platform::{
    body::{self, Leaving, known_fault, timed_out},
    files::Outgoing,
    follow::Transport,
    withhold,
};
use ureq::{
    Agent, AsSendBody, Proxy, SendBody,
    http::{self, HeaderValue, Method, Request, header},
};

use crate::transport::{self, BUFFER, Trip};

type Answer = Result<http::Response<ureq::Body>, ureq::Error>;

/// An HTTP stack with its connections.
pub(crate) struct Http {
    agent: Agent,
    tls: Arc<ClientConfig>,
}

/// What has become of an exchange until it failed.
#[derive(Default)]
struct Arrived {
    head: Option<http::Response<()>>,
    bytes: u64,
}

impl Http {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        // Its own words may repeat the password.
        let refused = |_| InvalidInput::new("proxy URL", "user name and password must be percent-encoded UTF-8");
        let proxy = config.proxy().map(|url| Proxy::new(url.as_str())).transpose().map_err(refused)?;
        let limits = config.limits();
        let settings = Agent::config_builder()
            // Always said: the default is what the environment has.
            .proxy(proxy)
            // Any status is an answer, and so is a redirect.
            .http_status_as_error(false)
            .max_redirects(0)
            // The exchange has all headers but those of HTTP's framing.
            .user_agent("")
            .accept("")
            .accept_encoding("")
            // By default ureq keeps three connections per host, and a bot talks to one host.
            .max_idle_connections(limits.idle_connections)
            .max_idle_connections_per_host(limits.idle_connections)
            .max_idle_age(limits.idle_time)
            // A head has to fit into the buffer: with less room to spare, ureq would take a longer one for a lost connection.
            .max_response_header_size(BUFFER - 1)
            .build();
        let tls = teamwire_platform::tls_config(config)?;
        Ok(Self { agent: transport::agent(settings, tls.clone(), false), tls })
    }

    /// The answer; its body is in memory, or where the exchange wants it.
    fn exchange(&self, exchange: Exchange, arrived: &mut Arrived) -> Result<Response, ureq::Error> {
        let wanted = exchange.wanted();
        let answer = self.send(exchange.request, exchange.timeout, exchange.progress.as_ref())?;
        let (head, body) = answer.into_parts();
        let head = arrived.head.insert(http::Response::from_parts(head, ()));
        // The limit is kept where it is taken in.
        let (length, body) = (body.content_length(), body.into_with_config().limit(u64::MAX).reader());
        let bytes = body::take(wanted, head.status(), length, body, &mut arrived.bytes)?;
        Ok(mem::take(head).map(|()| bytes))
    }

    fn send(&self, request: Request<Body>, timeout: Timeout, progress: Option<&Progress>) -> Answer {
        let (mut head, content) = request.into_parts();
        let total = content.length();
        match &content {
            // The length of nothing is only said where a body is usual. Without a body there, ureq would send a chunked one.
            Body::Empty if !matches!(head.method, Method::POST | Method::PUT | Method::PATCH) => {
                self.run(Request::from_parts(head, SendBody::none()), timeout)
            }
            Body::Empty => self.run(Request::from_parts(head, &[]), timeout),
            Body::Bytes(bytes) if progress.is_none() => self.run(Request::from_parts(head, bytes.as_slice()), timeout),
            Body::Bytes(bytes) => {
                head.headers.insert(header::CONTENT_LENGTH, total.into());
                let mut source = Leaving::new(bytes.as_slice(), total, progress);
                self.run(Request::from_parts(head, SendBody::from_reader(&mut source)), timeout)
            }
            Body::File { path, length, may_grow } => {
                head.headers.insert(header::CONTENT_LENGTH, total.into());
                // A server that refuses a file says so before the whole of it was sent.
                head.headers.insert(header::EXPECT, HeaderValue::from_static("100-continue"));
                let source = Outgoing::open(path, *length, *may_grow).map_err(io::Error::other)?;
                let mut source = Leaving::new(source, total, progress);
                self.run(Request::from_parts(head, SendBody::from_reader(&mut source)), timeout)
            }
        }
    }

    fn run(&self, request: Request<impl AsSendBody>, timeout: Timeout) -> Answer {
        let request = self.agent.configure_request(request);
        let request = match timeout {
            Timeout::Total(time) | Timeout::LongPoll { head: time, .. } => request.timeout_global(Some(bounded(time))),
            Timeout::Inactivity(time) => {
                let time = Some(bounded(time));
                request.timeout_connect(time).timeout_per_read(time).timeout_per_write(time)
            }
        };
        self.agent.run(request.build())
    }
}

impl Transport for Http {
    fn perform(&self, mut exchange: Exchange) -> Reply {
        let timeout = exchange.timeout;
        let mut arrived = Arrived::default();
        let outer = Trip::begin(withhold(exchange.request.headers_mut()));
        let result = self.exchange(exchange, &mut arrived);
        let Trip { sent, connected, .. } = Trip::end(outer);
        match result {
            Ok(answer) => Reply::Response(answer),
            Err(error) => {
                let fault = fault(error, timeout, sent).sent(sent).reused(sent && !connected).received(arrived.bytes);
                Reply::Fault(match arrived.head {
                    Some(head) => fault.head(head),
                    None => fault,
                })
            }
        }
    }

    fn apart(&self) -> Arc<dyn Transport> {
        let agent = transport::agent(self.agent.config().clone(), self.tls.clone(), true);
        Arc::new(Self { agent, tls: self.tls.clone() })
    }

    fn abort(&self) {
        self.agent.clone().shutdown();
    }
}

/// A time that ureq can add to a point in time.
fn bounded(time: Duration) -> Duration {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    time.min(YEAR)
}

/// What ureq's error means.
fn fault(error: ureq::Error, timeout: Timeout, sent: bool) -> Fault {
    use ureq::Error as E;
    // Before anything was sent there was no connection to lose.
    let broken = if sent { FaultKind::Lost } else { FaultKind::Connect };
    let (kind, why) = match error {
        E::Timeout(_) => return timed_out(timeout),
        E::Io(error) => return known_fault(error).unwrap_or_else(|error| Fault::new(broken, error)),
        E::Other(error) => return fault(E::Io(io::Error::other(error)), timeout, sent),
        E::ConnectProxyFailed(why) => (FaultKind::Connect, format!("no tunnel through the proxy: {why}")),
        E::LargeResponseHeader(..) => (FaultKind::TooLarge, format!("a head of more than {BUFFER} bytes")),
        error => (FaultKind::Protocol, error.to_string()),
    };
    Fault::new(kind, why)
}
