//! Making a connection: look-up, TCP, a tunnel through the proxy, TLS.

use std::{
    future::{Future, poll_fn},
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    task::Poll,
    time::Duration,
};

use http::{Method, Request, Uri, header};
use teamwire_core::{Fault, FaultKind};

use super::{
    Engine,
    answer::Awaited,
    connection::Connection,
    deadline::Deadline,
    head::{self, Target},
    origin::Origin,
    send::{Outlet, Stop, send},
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
        Some(proxy) => (proxy.host.as_str(), proxy.port),
        None => (origin.host.as_str(), origin.port),
    };
    let addresses = look_up(host, port, deadline).await?;
    let socket = dial(&addresses, deadline).await?;
    let mut connection = Box::new(Connection::new(socket, origin));
    if connection.origin.tls {
        if engine.proxy.is_some() {
            open_tunnel(engine, &mut connection, deadline).await?;
        }
        if let Stream::Plain(socket) = connection.stream {
            connection.stream = tls::secure(engine.tls.clone(), &connection.origin.host, socket, deadline).await?;
        }
    }
    Ok(connection)
}

async fn look_up<R: Runtime>(host: &str, port: u16, deadline: &mut Deadline<'_, R>) -> Result<Vec<SocketAddr>, Fault> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    deadline.enter("looking up the host");
    let runtime = deadline.runtime();
    let addresses = deadline.race(runtime.resolve(host, port)).await?;
    let addresses = addresses.map_err(|error| Fault::new(FaultKind::Resolve, format!("{host}: {error}")))?;
    if addresses.is_empty() {
        return Err(Fault::new(FaultKind::Resolve, format!("{host} has no address")));
    }
    Ok(alternate(addresses))
}

/// Both families in turn, in the order given within each (as in RFC 8305, section 4): where one does not get through,
/// the other is not the last to be tried.
fn alternate(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (ours, others): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first);
    let mut others = others.into_iter();
    let mut mixed: Vec<_> = ours.into_iter().flat_map(|ours| [Some(ours), others.next()]).flatten().collect();
    mixed.extend(others);
    mixed
}

/// Tries one address after the other. Each is given its share of the time that is left.
async fn dial<R: Runtime>(addresses: &[SocketAddr], deadline: &mut Deadline<'_, R>) -> Result<R::Stream, Fault> {
    deadline.enter("connecting");
    let runtime = deadline.runtime();
    let mut failures = Vec::new();
    for (tried, address) in addresses.iter().enumerate() {
        let connecting = runtime.connect(*address);
        let connected = match addresses.len() - tried {
            1 => deadline.race(connecting).await?,
            left => {
                let share = deadline.left() / u32::try_from(left).unwrap_or(u32::MAX);
                deadline.race(within(runtime, share, connecting)).await?
            }
        };
        match connected {
            Ok(socket) => return Ok(socket),
            Err(error) => {
                failures.push(format!("{address}: {error}"));
            }
        }
    }
    Err(Fault::new(FaultKind::Connect, failures.join(", ")))
}

async fn within<R: Runtime, T>(
    runtime: &R,
    time: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let (mut work, mut sleep) = (pin!(work), pin!(runtime.sleep(time)));
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Pending => sleep.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into())),
        ready @ Poll::Ready(_) => ready,
    })
    .await
}

/// Has the proxy connect through to the origin.
async fn open_tunnel<R: Runtime>(
    engine: &Engine<R>,
    connection: &mut Connection<R::Stream>,
    deadline: &mut Deadline<'_, R>,
) -> Result<(), Fault> {
    deadline.enter("asking the proxy for a tunnel");
    let refused = |why: String| Fault::new(FaultKind::Connect, format!("no tunnel through the proxy: {why}"));
    let Origin { host, port, .. } = &connection.origin;
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut request = Request::builder().method(Method::CONNECT).uri(authority);
    if let Some(value) = engine.proxy.as_ref().and_then(|proxy| proxy.authorization.as_ref()) {
        request = request.header(header::PROXY_AUTHORIZATION, value);
    }
    let (parts, ()) = request.body(()).map_err(|error| refused(error.to_string()))?.into_parts();
    let (length, call) = head::write(parts, 0, false, Target::Path, &mut connection.output)?;

    // What goes wrong with the proxy is nothing that happened to the request: none of it has left.
    let in_tunnel = |fault: Fault| match fault.kind {
        FaultKind::Timeout => fault,
        _ => refused(fault.source.to_string()),
    };
    let (mut sent, mut awaited) = (false, Awaited::new(call));
    let mut outlet = Outlet::new(length, 0, None, &mut sent);
    match send(connection, &[], &mut outlet, &mut awaited, deadline).await {
        Ok(()) | Err(Stop::Heard) => {}
        Err(Stop::Broken(error)) => return Err(refused(error.to_string())),
        Err(Stop::Failed(fault)) => return Err(in_tunnel(fault)),
    }
    awaited.receive(connection, deadline).await.map_err(in_tunnel)?;
    let (answer, _) = awaited.proceed().map_err(in_tunnel)?;
    if !answer.status().is_success() {
        return Err(refused(format!("it answered {}", answer.status())));
    }
    if !connection.input.is_empty() {
        return Err(refused("it went on talking".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate_and_keep_their_order() {
        let of = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect::<Vec<_>>();
        assert_eq!(
            alternate(of(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"])),
            of(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"])
        );
        assert_eq!(
            alternate(of(&["1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"])),
            of(&["1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"])
        );
        assert_eq!(alternate(Vec::new()), Vec::new());
    }
}
