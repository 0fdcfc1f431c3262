//! Making a connection: look-up, TCP, a tunnel through the proxy, TLS.

mod dial;
mod hosts;

use std::{error::Error as _, io};

use http::{Method, Request, Uri, header};
use teamwire_core::{Fault, FaultKind};
use teamwire_std::Proxy;

use self::dial::dial;
pub(super) use self::hosts::Hosts;
use super::{
    Engine,
    connection::Connection,
    deadline::Deadline,
    head::{self, Target},
    origin::Origin,
    response::PendingResponse,
    send::{Interrupted, SendProgress, send},
    stream::Stream,
    tls,
};
use crate::runtime::Runtime;

/// A new connection that can serve this URI.
pub(super) async fn connect<R: Runtime>(
    engine: &Engine<R>,
    uri: &Uri,
    deadline: &mut Deadline<'_, R>,
) -> Result<Box<Connection<R::Stream>>, Fault> {
    let origin = Origin::of(uri)?;
    let (host, port) = match &engine.proxy {
        Some(proxy) => (proxy.host.clone(), proxy.port),
        None => (origin.host.clone(), origin.port),
    };
    let unreachable = |fault: Fault| match (&engine.proxy, fault.kind) {
        (Some(_), FaultKind::Resolve | FaultKind::Connect) => {
            Fault::new(fault.kind, format!("no way to the proxy: {}", fault.source))
        }
        _ => fault,
    };
    let addresses = engine.hosts.addresses(&host, port, deadline).await.map_err(unreachable)?;
    let (socket, address) = dial(&addresses, deadline).await.map_err(unreachable)?;
    let prepared = prepare(engine, Box::new(Connection::new(socket, origin)), deadline).await;
    if addresses.len() > 1 {
        engine.hosts.prefer(&host, port, prepared.is_ok().then_some(address));
    }
    prepared
}

/// Returns whether requests to this origin go through a tunnel, and not to the proxy itself.
pub(super) const fn opens_tunnel(proxy: &Proxy, origin: &Origin) -> bool {
    origin.tls || proxy.tunnels_plain_http
}

/// Opens the tunnel and shakes hands over TLS, as the origin needs it.
async fn prepare<R: Runtime>(
    engine: &Engine<R>,
    mut connection: Box<Connection<R::Stream>>,
    deadline: &mut Deadline<'_, R>,
) -> Result<Box<Connection<R::Stream>>, Fault> {
    if let Some(proxy) = engine.proxy.as_ref().filter(|proxy| opens_tunnel(proxy, &connection.origin)) {
        open_tunnel(proxy, &mut connection, deadline).await?;
    }
    if connection.origin.tls
        && let Stream::Plain(socket) = connection.stream
    {
        connection.stream = tls::handshake(engine.tls.clone(), &connection.origin.host, socket, deadline).await?;
    }
    Ok(connection)
}

/// Has the proxy connect through to the origin.
async fn open_tunnel<R: Runtime>(
    proxy: &Proxy,
    connection: &mut Connection<R::Stream>,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Fault> {
    deadline.enter_phase("asking the proxy for a tunnel");
    let refused = |why: String| Fault::new(FaultKind::Connect, format!("no tunnel through the proxy: {why}"));
    let Origin { host, port, .. } = &connection.origin;
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut request = Request::builder().method(Method::CONNECT).uri(authority);
    if let Some(value) = &proxy.authorization {
        request = request.header(header::PROXY_AUTHORIZATION, value);
    }
    let (parts, ()) = request.body(()).map_err(|error| refused(error.to_string()))?.into_parts();
    let (length, call) = head::write(parts, 0, false, Target::Path, &mut connection.output)?;

    // What goes wrong with the proxy is nothing that happened to the request: none of it has left.
    let in_tunnel = |fault: Fault| match fault.kind {
        FaultKind::Timeout => fault,
        _ => refused(fault.source.to_string()),
    };
    let (mut sent, mut response) = (false, PendingResponse::new(call));
    let mut sending = SendProgress::new(length, 0, None, &mut sent);
    match send(connection, &[], &mut sending, &mut response, deadline).await {
        Ok(()) | Err(Interrupted::ResponseArrived) => {}
        Err(Interrupted::ConnectionBroken(error)) => return Err(refused(error.to_string())),
        Err(Interrupted::Fault(fault)) => return Err(in_tunnel(fault)),
    }
    response.receive(connection, deadline).await.map_err(in_tunnel)?;
    let (answer, _) = response.proceed().map_err(in_tunnel)?;
    Proxy::check_tunnel_response(answer.status())?;
    if !connection.input.is_empty() {
        return Err(refused("it went on talking".to_owned()));
    }
    Ok(())
}

/// Returns the text of an error with those of its sources, of which some runtimes say nothing in their own.
fn reason(error: &io::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
