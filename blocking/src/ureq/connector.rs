use std::{io::ErrorKind, net::SocketAddr, sync::Arc, time::Instant};

use rustls::ClientConfig;
use teamwire_std::{Proxy, without_brackets};
use ureq::{
    Error,
    unversioned::transport::{ConnectionDetails, Connector},
};

use super::{
    connection::{Connection, failed},
    interrupter::Target,
    link::Link,
    pool::{Origin, Pool, PooledConnection},
    proxy::{open_tunnel, opens_tunnel, unreachable},
    request_context::RequestContext,
    reuse::{ConnectionHistory, IdleCutoff},
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
    pub(super) idle_cutoff: IdleCutoff,
    pub(super) pool: Pool,
}

impl Connector for NetworkConnector {
    type Out = PooledConnection;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<PooledConnection>, Error> {
        let origin = Origin::of(details.uri);
        if let Some(idle) = self.pool.check_out(&origin) {
            return Ok(Some(idle));
        }
        let deadline = RequestContext::with(|context| context.limits.connected_by());
        let link = self.link(details, deadline)?;
        RequestContext::with(|context| context.connected = true);
        let connection = Connection::new(link, ConnectionHistory::new(self.idle_cutoff.clone()));
        Ok(Some(self.pool.pooled(Box::new(connection), origin)))
    }
}

impl NetworkConnector {
    fn link(&self, details: &ConnectionDetails<'_>, deadline: Option<Instant>) -> Result<Link, Error> {
        let (host, port) = match &self.proxy {
            Some(proxy) => (&*proxy.host, proxy.port),
            None => origin(details),
        };
        let (socket, chosen) = self.socket(host, port, deadline)?;
        let link = self.prepare(socket, details, deadline);
        if let Some(address) = chosen {
            self.hosts.prefer(host, port, link.is_ok().then_some(address));
        }
        link
    }

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
    fn prepare(
        &self,
        mut socket: Socket,
        details: &ConnectionDetails<'_>,
        deadline: Option<Instant>,
    ) -> Result<Link, Error> {
        let (host, port) = origin(details);
        socket.set_deadline(deadline);
        if let Some(proxy) = self.proxy.as_ref().filter(|proxy| opens_tunnel(proxy, details.uri)) {
            open_tunnel(&mut socket, proxy, host, port).map_err(failed)?;
        }
        let handshake = || tls_handshake(self.tls.clone(), host, &mut socket);
        let tls = details.needs_tls().then(handshake).transpose().map_err(failed)?;
        Ok(Link::new(socket, tls))
    }
}

/// Returns the host of the server, without the brackets of an IPv6 address, and its port.
fn origin<'a>(details: &'a ConnectionDetails<'_>) -> (&'a str, u16) {
    let port = details.uri.port_u16().unwrap_or(if details.needs_tls() { 443 } else { 80 });
    (without_brackets(details.uri.host().unwrap_or_default()), port)
}
