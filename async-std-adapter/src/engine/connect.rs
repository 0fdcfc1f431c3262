//! Making a connection: lookup, TCP, a tunnel through the proxy, TLS.

mod dial;
mod error_chain;
mod hosts;

use std::sync::Arc;

use http::{Method, Request, header};
use rustls::ClientConfig;
use teamwire_core::{
    Config, Error,
    effect::{TransportError, TransportErrorKind},
};
use teamwire_std::{Origin, Proxy, at_host, authority};

use self::{dial::dial, hosts::Hosts};
use super::{
    connection::Connection,
    deadline::Deadline,
    head,
    in_flight::{InFlight, Interrupted},
    progress::ExchangeProgress,
    response::PendingResponse,
    stream::Stream,
    tls,
};
use crate::runtime::Runtime;

/// Makes connections to origins.
pub(super) struct Connector {
    tls: Arc<ClientConfig>,
    proxy: Option<Proxy>,
    hosts: Hosts,
}

impl Connector {
    pub(super) fn new(config: &Config) -> Result<Self, Error> {
        let tls = teamwire_std::tls_config(config)?;
        Ok(Self { tls, proxy: Proxy::from_config(config), hosts: Hosts::default() })
    }

    /// Connects to this origin.
    pub(super) async fn connect<R: Runtime>(
        &self,
        origin: Origin,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<Box<Connection<R::Stream>>, TransportError> {
        let (host, port) = match &self.proxy {
            Some(proxy) => (proxy.host.clone(), proxy.port),
            None => (origin.host.clone(), origin.port),
        };
        let unreachable = |error: TransportError| match (&self.proxy, error.kind) {
            (Some(_), TransportErrorKind::Resolve | TransportErrorKind::Connect) => {
                TransportError::new(error.kind, format!("cannot connect to the proxy: {}", error.source))
            }
            _ => error,
        };
        let named = |error: TransportError| match error.kind {
            TransportErrorKind::Connect => TransportError::new(error.kind, at_host(&host, error.source)),
            _ => error,
        };
        let addresses = self.hosts.addresses(&host, port, deadline).await.map_err(unreachable)?;
        let (socket, address) = dial(&addresses, deadline).await.map_err(|error| unreachable(named(error)))?;
        let prepared = self.prepare(Box::new(Connection::new(socket, origin)), deadline).await;
        if addresses.len() > 1 {
            self.hosts.prefer(&host, port, prepared.is_ok().then_some(address));
        }
        prepared
    }

    /// Returns the proxy that forwards requests to this origin, if one does without a tunnel.
    pub(super) fn forwarding_proxy(&self, origin: &Origin) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|proxy| !proxy.opens_tunnel(origin.tls))
    }

    /// Opens a tunnel and performs the TLS handshake, if the origin requires them.
    async fn prepare<R: Runtime>(
        &self,
        mut connection: Box<Connection<R::Stream>>,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<Box<Connection<R::Stream>>, TransportError> {
        if let Some(proxy) = self.proxy.as_ref().filter(|proxy| proxy.opens_tunnel(connection.history.origin().tls)) {
            open_tunnel(proxy, &mut connection, deadline).await?;
        }
        if connection.history.origin().tls
            && let Stream::Plain(socket) = connection.stream
        {
            let host = &connection.history.origin().host;
            let secured = tls::handshake(self.tls.clone(), host, socket, deadline).await?;
            connection.stream = Stream::Tls(Box::new(secured));
        }
        Ok(connection)
    }
}

/// Opens a tunnel to the origin through the proxy.
async fn open_tunnel<R: Runtime>(
    proxy: &Proxy,
    connection: &mut Connection<R::Stream>,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), TransportError> {
    deadline.enter_phase("asking the proxy for a tunnel");
    let refused =
        |why: String| TransportError::new(TransportErrorKind::Connect, format!("no tunnel through the proxy: {why}"));
    let Origin { host, port, .. } = connection.history.origin();
    let mut request = Request::builder().method(Method::CONNECT).uri(authority(host, *port));
    if let Some(value) = &proxy.authorization {
        request = request.header(header::PROXY_AUTHORIZATION, value);
    }
    let request = request.body(()).map_err(|error| refused(error.to_string()))?;
    head::write(&request, 0, false, None, &mut connection.output)?;

    // No byte of the request was sent, so the failure is one of the connection.
    let in_tunnel = |error: TransportError| match error.kind {
        TransportErrorKind::Timeout => error,
        _ => refused(error.source.to_string()),
    };
    let mut progress = ExchangeProgress::default();
    progress.begin(connection.output.len(), None);
    let response = PendingResponse::new(request.method());
    let mut in_flight = InFlight { connection, response, progress: &mut progress, deadline };
    match in_flight.send(&[]).await {
        Ok(()) | Err(Interrupted::ResponseArrived) => {}
        Err(Interrupted::ConnectionBroken(error)) => return Err(refused(error.to_string())),
        Err(Interrupted::Error(error)) => return Err(in_tunnel(error)),
    }
    in_flight.receive_head().await.map_err(in_tunnel)?;
    let InFlight { connection, response, .. } = in_flight;
    let (head, ..) = response.proceed().map_err(in_tunnel)?;
    Proxy::check_tunnel_response(head.status())?;
    if !connection.input.is_empty() {
        return Err(refused("it sent more than its response".to_owned()));
    }
    // Nothing has arrived from the origin.
    connection.input.reset();
    Ok(())
}
