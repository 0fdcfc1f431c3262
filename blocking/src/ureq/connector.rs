use std::{
    io::ErrorKind,
    net::TcpStream,
    sync::{Arc, Weak},
    time::Instant,
};

use rustls::ClientConfig;
use teamwire_std::{Proxy, without_brackets};
use ureq::{
    Error,
    http::Uri,
    unversioned::transport::{ConnectionDetails, Connector, ShutdownHandle},
};

use super::{
    connection::{Connection, failed},
    link::Link,
    proxy::{forwards, open_tunnel},
    request_context::RequestContext,
    reuse::{ConnectionHistory, IdleCutoff},
    tcp::{Hosts, Socket},
    tls::tls_handshake,
};
use crate::detached::{CancelHandle, spawn_detached};

/// Makes connections: looks the host or the proxy up, connects to it, has the proxy open a tunnel, and shakes hands over
/// TLS if the URI says `https`. ureq's own ways set a time in the operating system for each read, change the socket's mode
/// twice to see whether it is open, take no `ClientConfig`, and log the login of a proxy.
#[derive(Clone, Debug)]
pub(super) struct NetworkConnector {
    pub(super) tls: Arc<ClientConfig>,
    pub(super) proxy: Option<Proxy>,
    pub(super) hosts: Hosts,
    pub(super) idle_cutoff: IdleCutoff,
    /// It can be shut down while it connects.
    pub(super) is_interruptible: bool,
}

impl Connector for NetworkConnector {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Connection>, Error> {
        let deadline = RequestContext::with(|context| context.limits.connected_by());
        let link = self.link(details, deadline)?;
        RequestContext::with(|context| context.connected = true);
        Ok(Some(Connection::new(link, ConnectionHistory::new(self.idle_cutoff.clone()))))
    }
}

impl NetworkConnector {
    fn link(&self, details: &ConnectionDetails<'_>, deadline: Option<Instant>) -> Result<Link, Error> {
        let (host, port) = (host(details.uri), port(details));
        let mut socket = match &self.proxy {
            Some(proxy) => self.socket(&proxy.host, proxy.port, details, deadline)?,
            None => self.socket(host, port, details, deadline)?,
        };
        socket.set_deadline(deadline);
        if let Some(proxy) = self.proxy.as_ref().filter(|proxy| !forwards(Some(proxy), details.uri)) {
            open_tunnel(&mut socket, proxy, host, port).map_err(failed)?;
        }
        let handshake = || tls_handshake(self.tls.clone(), host, &mut socket);
        let tls = details.needs_tls().then(handshake).transpose().map_err(failed)?;
        Ok(Link::new(socket, tls))
    }

    fn socket(
        &self,
        host: &str,
        port: u16,
        details: &ConnectionDetails<'_>,
        deadline: Option<Instant>,
    ) -> Result<Socket, Error> {
        let socket = if self.is_interruptible {
            let (hosts, host) = (self.hosts.clone(), host.to_owned());
            let (cancel, wait) = spawn_detached(move || hosts.connect(&host, port, deadline))?;
            let attempt: Arc<dyn ShutdownHandle> = Arc::new(PendingConnect(cancel));
            (details.register_shutdown)(Arc::downgrade(&attempt))?;
            wait().unwrap_or_else(|| Err(ErrorKind::NotConnected.into()))
        } else {
            self.hosts.connect(host, port, deadline)
        };
        let socket = socket.map_err(failed)?;
        let stream: Weak<TcpStream> = Arc::downgrade(socket.stream());
        (details.register_shutdown)(stream)?;
        Ok(socket)
    }
}

/// Neither a look-up nor an attempt to connect can be interrupted; but no thread has to wait for it. What comes of it after
/// the agent is shut down is closed at once.
struct PendingConnect(CancelHandle);

impl ShutdownHandle for PendingConnect {
    fn shutdown(&self) {
        self.0.cancel();
    }
}

/// The host as it is outside of a URI: an IPv6 address without its brackets.
fn host(uri: &Uri) -> &str {
    without_brackets(uri.host().unwrap_or_default())
}

fn port(details: &ConnectionDetails<'_>) -> u16 {
    details.uri.port_u16().unwrap_or(if details.needs_tls() { 443 } else { 80 })
}
