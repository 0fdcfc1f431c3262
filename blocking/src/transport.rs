//! How ureq gets its connections. All that touches `ureq::unversioned` is in here, as it may change in any 3.x.
//!
//! ```text
//!   ConnectProxyConnector ──► Dial ──► Wire      what ureq reads from and writes to
//!   (a tunnel, or nothing)   (TCP, TLS)   (few, whole writes; notes what left)
//! ```
//!
//! For a tunnel, the same chain first makes the connection to the proxy.

use std::{
    cell::RefCell,
    fmt,
    io::{self, ErrorKind, Read, Write},
    mem,
    net::{IpAddr, TcpStream},
    sync::{Arc, Weak},
};

use rustls::{ClientConfig, ClientConnection};
use teamwire_core::{Fault, FaultKind};
use teamwire_platform::{CallOff, Socket, apart, tls_handshake, tls_is_idle};
use ureq::{
    Agent, Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{
            Buffers, ConnectProxyConnector, ConnectionDetails, Connector, LazyBuffers, NextTimeout, ShutdownHandle,
            Transport, TransportAdapter,
            time::{Duration, Instant},
        },
    },
};

/// How much is read or written at once, at most.
pub(crate) const BUFFER: usize = 64 << 10;
/// What is worth a system call of its own, although more may follow: a record of TLS.
const ENOUGH: usize = 16 << 10;

/// An agent with these settings, whose connections are the ones in here. Whether it can be shut down while it connects.
pub(crate) fn agent(settings: Config, tls: Arc<ClientConfig>, interruptible: bool) -> Agent {
    let dial = Dial { tls, proxied: settings.proxy().is_some(), interruptible };
    let chain = ().chain(ConnectProxyConnector::default()).chain(dial);
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

/// Makes a connection: looks the host up and connects to it, unless there is a tunnel through a proxy, and shakes hands
/// over TLS if the URI says `https`. ureq's own ways tell the operating system a time for each read, change the socket's
/// mode twice to see whether it is open, and take no `ClientConfig`.
#[derive(Debug)]
struct Dial {
    tls: Arc<ClientConfig>,
    proxied: bool,
    interruptible: bool,
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
fn time(timeout: NextTimeout) -> Option<std::time::Duration> {
    match timeout.after {
        Duration::Exact(time) => Some(time),
        Duration::NotHappening => None,
    }
}

/// The error, in ureq's words if it is that this time is over.
fn timed(error: impl Into<Error>, timeout: NextTimeout) -> Error {
    match error.into() {
        Error::Io(error) if error.kind() == ErrorKind::TimedOut => Error::Timeout(timeout.reason),
        error => error,
    }
}

/// What bytes go through: TCP, or a tunnel.
enum Link<In: Transport> {
    Direct(Socket),
    Tunnel(TransportAdapter<In>),
}

impl<In: Transport> Link<In> {
    fn stream(&mut self) -> &mut dyn Stream {
        match self {
            Self::Direct(socket) => socket,
            Self::Tunnel(tunnel) => tunnel,
        }
    }

    fn set_time(&mut self, timeout: NextTimeout) {
        let (read, write) = (timeout.for_read(), timeout.for_write());
        match self {
            Self::Direct(socket) => socket.set_time(time(read), time(write), time(timeout)),
            Self::Tunnel(tunnel) => tunnel.set_timeout(timeout),
        }
    }

    /// Whether it is open, and nothing has come of which nobody knows what for.
    fn is_silent(&mut self) -> bool {
        match self {
            Self::Direct(socket) => socket.is_silent(),
            // What is left over would be taken for the next answer. ureq looks for it above and below of this buffer.
            Self::Tunnel(tunnel) => tunnel.get_mut().buffers().input().is_empty() && tunnel.get_mut().is_open(),
        }
    }
}

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// A connection, as ureq has it.
struct Wire<In: Transport> {
    link: Link<In>,
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
        self.link.set_time(timeout);
        self.write_held().map_err(|error| timed(error, timeout.for_write()))?;
        self.held.clear();
        Ok(())
    }

    fn write_held(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return self.link.stream().write_all(&self.held) };
        // Record by record: rustls holds only so much. And not by `rustls::Stream`: it keeps the errors of a write for later.
        for record in self.held.chunks(ENOUGH) {
            tls.writer().write_all(record)?;
            while tls.wants_write() {
                tls.write_tls(&mut self.link.stream())?;
            }
        }
        Ok(())
    }
}

impl<In: Transport> Transport for Wire<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let output = &self.buffers.output()[..amount];
        // A head comes at once, and the lines that ureq does not know of go in behind its first.
        let lines = if self.to_proxy { Vec::new() } else { TRIP.with_borrow_mut(|trip| mem::take(&mut trip.withheld)) };
        let at = if lines.is_empty() { 0 } else { first_line(output) };
        for piece in [&output[..at], &lines, &output[at..]] {
            self.held.extend_from_slice(piece);
        }
        if self.held.len() < ENOUGH { Ok(()) } else { self.flush(timeout) }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.flush(timeout)?;
        self.link.set_time(timeout);
        let input = self.buffers.input_append_buf();
        let read = match &mut self.tls {
            None => self.link.stream().read(input),
            Some(tls) => rustls::Stream::new(tls, &mut self.link.stream()).read(input),
        };
        let amount = read.map_err(|error| match timed(error, timeout.for_read()) {
            // As it is, ureq would take a reset for the end of a body without a length: half an answer for a whole one.
            Error::Io(error) => Error::Other(error.into()),
            error => error,
        })?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// ureq asks before it keeps a connection, and before it uses one again.
    fn is_open(&mut self) -> bool {
        self.held.shrink_to(ENOUGH);
        self.held.is_empty() && self.tls.as_mut().is_none_or(tls_is_idle) && self.link.is_silent()
    }

    fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

/// How long the first line is, with its end.
fn first_line(head: &[u8]) -> usize {
    head.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

impl<In: Transport> fmt::Debug for Wire<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}
