use std::{
    io::{self, ErrorKind},
    net::{IpAddr, TcpStream},
    sync::{Arc, Weak},
};

use rustls::ClientConfig;
use teamwire_core::{Fault, FaultKind};
use teamwire_platform::{CallOff, Socket, apart, tls_handshake};
use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{
            ConnectionDetails, Connector, LazyBuffers, NextTimeout, ShutdownHandle, Transport, TransportAdapter,
            time::{Duration, Instant},
        },
    },
};

use super::{BUFFER, link::Link, trip::TRIP, wire::Wire};

/// Makes a connection: looks the host up and connects to it, unless there is a tunnel through a proxy, and shakes hands
/// over TLS if the URI says `https`. ureq's own ways tell the operating system a time for each read, change the socket's
/// mode twice to see whether it is open, and take no `ClientConfig`.
#[derive(Debug)]
pub(super) struct Dial {
    pub(super) tls: Arc<ClientConfig>,
    pub(super) proxied: bool,
    pub(super) interruptible: bool,
}

impl<In: Transport> Connector<In> for Dial {
    type Out = Wire<In>;

    fn connect(&self, details: &ConnectionDetails<'_>, tunnel: Option<In>) -> Result<Option<Self::Out>, Error> {
        let mut link = match tunnel {
            Some(tunnel) => Link::Tunnel(TransportAdapter::new(tunnel, details.current_time.clone())),
            None => Link::Direct(connect(details, self.interruptible)?),
        };
        link.set_time(left(details));
        let handshake = || tls_handshake(self.tls.clone(), host(details.uri), &mut link.stream());
        let tls = details.needs_tls().then(handshake).transpose().map_err(|error| timed(error, details.timeout))?;
        // The connection to a proxy is made with the settings of one that has no proxy.
        let to_proxy = self.proxied && details.config.proxy().is_none();
        TRIP.with_borrow_mut(|trip| trip.connected |= !to_proxy);
        Ok(Some(Wire { link, tls, to_proxy, buffers: LazyBuffers::new(BUFFER, BUFFER), held: Vec::new() }))
    }
}

fn connect(details: &ConnectionDetails<'_>, interruptible: bool) -> Result<Socket, Error> {
    let (uri, config, timeout) = (details.uri.clone(), details.config.clone(), details.timeout);
    let dial = move || dial(&uri, &config, timeout);
    let socket = if interruptible {
        let (call_off, wait) = apart(dial)?;
        let attempt: Arc<dyn ShutdownHandle> = Arc::new(Attempt(call_off));
        (details.register_shutdown)(Arc::downgrade(&attempt))?;
        wait().unwrap_or_else(|| Err(io::Error::from(ErrorKind::NotConnected).into()))?
    } else {
        dial()?
    };
    let stream: Weak<TcpStream> = Arc::downgrade(socket.stream());
    (details.register_shutdown)(stream)?;
    Ok(socket)
}

/// Neither a look-up nor the making of a connection can be interrupted; but nobody has to wait for it. What comes of it after
/// the agent is shut down is closed at once.
struct Attempt(CallOff);

impl ShutdownHandle for Attempt {
    fn shutdown(&self) {
        self.0.call_off();
    }
}

fn dial(uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<Socket, Error> {
    let begun = std::time::Instant::now();
    let addresses = look_up(uri, config, timeout).map_err(|error| unconnected(FaultKind::Resolve, uri, error))?;
    let left = time(timeout).map(|time| time.saturating_sub(begun.elapsed()));
    Socket::connect(&addresses, left).map_err(|error| unconnected(FaultKind::Connect, uri, timed(error, timeout)))
}

fn look_up(uri: &Uri, config: &Config, mut timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
    if host(uri).parse::<IpAddr>().is_ok() {
        // An address as it is: nothing to wait for, and so no thread to wait in.
        timeout.after = Duration::NotHappening;
    }
    DefaultResolver::default().resolve(uri, config, timeout)
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

/// The time in which something is to happen; `None` is for ever.
pub(super) fn time(timeout: NextTimeout) -> Option<std::time::Duration> {
    match timeout.after {
        Duration::Exact(time) => Some(time),
        Duration::NotHappening => None,
    }
}

/// The error, in ureq's words if it is that this time is over.
pub(super) fn timed(error: impl Into<Error>, timeout: NextTimeout) -> Error {
    match error.into() {
        Error::Io(error) if error.kind() == ErrorKind::TimedOut => Error::Timeout(timeout.reason),
        error => error,
    }
}
