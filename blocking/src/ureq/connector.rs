use std::{io::ErrorKind, net::SocketAddr, sync::Arc, time::Instant};

use rustls::ClientConfig;
use teamwire_std::{
    ConnectionHistory, OPENING_POLL_INTERVAL, Opening, Origin, Place, Pool, Proxy, body::WAITING_FOR_CONNECTION,
};
use ureq::{
    Error,
    http::Uri,
    unversioned::transport::{ConnectionDetails, Connector},
};

use super::{
    connection::Connection,
    errors::{failed, other},
    interrupter::Target,
    link::Link,
    pooled_connection::PooledConnection,
    proxy::{open_tunnel, unreachable},
    request_context::RequestContext,
    slot::wait,
    tcp::{Hosts, Socket},
    tls::tls_handshake,
};
use crate::detached::spawn_detached;

/// Takes connections from the pool, or makes them: resolves the host or the proxy, connects, opens a tunnel through the
/// proxy, and performs the TLS handshake for `https`. The connectors of ureq set a socket timeout for each read, change
/// the socket's mode twice to check whether a connection is open, do not accept a `ClientConfig`, and log the login of
/// a proxy.
#[derive(Clone, Debug)]
pub(super) struct NetworkConnector {
    pub(super) tls: Arc<ClientConfig>,
    pub(super) proxy: Option<Proxy>,
    pub(super) hosts: Hosts,
    pub(super) pool: Arc<Pool<Connection>>,
}

impl Connector for NetworkConnector {
    type Out = PooledConnection;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<PooledConnection>, Error> {
        let connection = match self.pooled(details.uri, None)? {
            Some(connection) => connection,
            None => self.make(details.uri)?,
        };
        Ok(Some(PooledConnection::new(connection)))
    }
}

impl NetworkConnector {
    /// Takes a connection from the pool, unless the exchange of this thread needs a new one. `place` is its place among
    /// those that wait for one, if it does.
    fn pooled(&self, uri: &Uri, place: Option<Place>) -> Result<Option<Box<Connection>>, Error> {
        let (requires_new_connection, replaces_stale_connection, limits) = RequestContext::with(|context| {
            (context.requires_new_connection, context.replaces_stale_connection, context.limits)
        });
        if requires_new_connection {
            self.pool.close_idle(uri);
            return Ok(None);
        }
        let place = Some(place.unwrap_or_else(|| Place::last(limits.is_long_poll())));
        let now = Instant::now();
        let Some(connection) = self.pool.check_out(uri, place, replaces_stale_connection, now, Connection::is_idle)
        else {
            return Ok(None);
        };
        let interrupter = RequestContext::with(|context| {
            context.reused = true;
            context.interrupter.clone()
        });
        if let Some(interrupter) = interrupter {
            interrupter.set(Target::Connected(Arc::clone(connection.stream()))).map_err(failed)?;
        }
        Ok(Some(connection))
    }

    /// Makes a connection, once it is its turn. Takes one that becomes idle before that.
    fn make(&self, uri: &Uri) -> Result<Box<Connection>, Error> {
        let origin = Origin::of(uri).map_err(other)?;
        let (takes_idle, is_long_poll) =
            RequestContext::with(|context| (!context.requires_new_connection, context.limits.is_long_poll()));
        let mut opening = self.pool.open(&origin, takes_idle, is_long_poll, Instant::now());
        if !opening.may_start()
            && let Some(connection) = self.turn(uri, takes_idle, &mut opening)?
        {
            return Ok(connection);
        }
        // Until the connection can be used, or has failed, `opening` counts.
        let is_tls = origin.tls;
        let connection = self.open(origin)?;
        // A handshake shows that the server has accepted the connection, and so does a response. That to a long poll
        // may take long.
        if !is_tls && !is_long_poll {
            opening.await_acceptance(Instant::now());
            RequestContext::with(|context| context.opening = Some(opening));
        }
        Ok(connection)
    }

    /// Waits until it may start to open a connection, unless one becomes idle.
    #[inline(never)]
    fn turn(&self, uri: &Uri, takes_idle: bool, opening: &mut Opening) -> Result<Option<Box<Connection>>, Error> {
        let (limits, interrupter) = RequestContext::with(|context| (context.limits, context.interrupter.clone()));
        let taken = wait(limits, interrupter.as_ref(), Some(OPENING_POLL_INTERVAL), |waker| {
            let may_start = opening.poll(Instant::now(), waker);
            let idle = if takes_idle { self.pooled(uri, Some(opening.place())).transpose() } else { None };
            (idle.is_some() || may_start).then(|| idle.transpose())
        });
        taken.unwrap_or_else(|error| {
            RequestContext::with(|context| context.phase = Some(WAITING_FOR_CONNECTION));
            Err(failed(error))
        })
    }

    /// Connects to this origin.
    fn open(&self, origin: Origin) -> Result<Box<Connection>, Error> {
        let deadline = RequestContext::with(|context| context.limits.connected_by());
        let link = self.link(&origin, deadline)?;
        Ok(Box::new(Connection::new(link, ConnectionHistory::new(origin, Instant::now()))))
    }

    fn link(&self, origin: &Origin, deadline: Option<Instant>) -> Result<Link, Error> {
        let (host, port) = match &self.proxy {
            Some(proxy) => (&*proxy.host, proxy.port),
            None => (&*origin.host, origin.port),
        };
        let (socket, chosen) = self.socket(host, port, deadline)?;
        let link = self.prepare(socket, origin, deadline);
        if let Some(address) = chosen {
            self.hosts.prefer(host, port, link.is_ok().then_some(address));
        }
        link
    }

    // Neither this nor `prepare` is inlined, so that a thread that waits for a long poll has not touched the memory of
    // both on its stack.
    #[inline(never)]
    fn socket(&self, host: &str, port: u16, deadline: Option<Instant>) -> Result<(Socket, Option<SocketAddr>), Error> {
        let interrupter = RequestContext::with(|context| context.interrupter.clone());
        let connected = if let Some(interrupter) = &interrupter {
            // In a thread of its own, so that waiting for it can be interrupted. A connection that is made after that
            // is closed at once.
            let (hosts, host) = (self.hosts.clone(), host.to_owned());
            let (cancel, wait) = spawn_detached(move || hosts.connect(&host, port, deadline))?;
            interrupter.set(Target::Connecting(cancel)).map_err(failed)?;
            wait().unwrap_or_else(|| Err(ErrorKind::NotConnected.into()))
        } else {
            self.hosts.connect(host, port, deadline)
        };
        let of_proxy = |error| if self.proxy.is_some() { unreachable(error) } else { error };
        let (socket, chosen) = connected.map_err(|error| failed(of_proxy(error)))?;
        if let Some(interrupter) = &interrupter {
            interrupter.set(Target::Connected(Arc::clone(socket.stream()))).map_err(failed)?;
        }
        Ok((socket, chosen))
    }

    /// Opens a tunnel and performs the TLS handshake, if the origin requires them.
    #[inline(never)]
    fn prepare(&self, mut socket: Socket, origin: &Origin, deadline: Option<Instant>) -> Result<Link, Error> {
        let Origin { tls, host, port } = origin;
        socket.set_deadline(deadline);
        if let Some(proxy) = self.proxy.as_ref().filter(|proxy| proxy.opens_tunnel(*tls)) {
            open_tunnel(&mut socket, proxy, host, *port).map_err(failed)?;
        }
        let handshake = || tls_handshake(self.tls.clone(), host, &mut socket);
        let session = tls.then(handshake).transpose().map_err(failed)?;
        Ok(Link::new(socket, session))
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, net::TcpListener, time::Duration};

    use teamwire_core::{config::Limits, effect::Timeout};
    use teamwire_test_support::config;
    use ureq::unversioned::transport::{NextTimeout, Transport};

    use super::*;
    use crate::ureq::limits::TimeLimits;

    #[test]
    fn opening_lasts_until_the_server_has_sent_something_unless_that_may_take_long() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let connector = NetworkConnector {
            tls: teamwire_std::tls_config(&config(&url)).expect("the settings are valid"),
            proxy: None,
            hosts: Hosts::default(),
            pool: Arc::new(Pool::new(&Limits::default())),
        };
        let time = Duration::from_secs(30);
        let connect = |timeout| {
            let limits = TimeLimits::start(timeout, None);
            RequestContext::replace(Some(Box::new(RequestContext { limits, ..RequestContext::default() })));
            connector.make(&url.parse().expect("it is a URI")).expect("it listens")
        };
        let has_opening = || RequestContext::with(|context| context.opening.is_some());

        let mut connection = connect(Timeout::Total(time));
        assert!(has_opening());
        listener.accept().expect("it has connected").0.write_all(b"H").expect("it is open");
        assert!(!connection.await_input(NextTimeout::default()).expect("it ends"), "there is no whole head");
        assert!(!has_opening());
        drop(connect(Timeout::LongPoll { head: time, idle: time }));
        assert!(!has_opening());
        RequestContext::replace(None);
    }
}
