//! TCP connections to a host of several addresses (RFC 8305, "Happy Eyeballs").

use std::{
    io,
    net::SocketAddr,
    pin::pin,
    task::{Poll, ready},
};

use futures_util::{
    future::FutureExt,
    stream::{FuturesUnordered, StreamExt},
};
use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::CONNECTION_ATTEMPT_DELAY;

use super::error_chain;
use crate::{engine::deadline::Deadline, runtime::Runtime};

/// Connects to the first of these addresses that accepts. The next one is tried when an attempt fails, or after 250 ms.
pub(super) async fn dial<R: Runtime>(
    addresses: &[SocketAddr],
    deadline: &mut Deadline<'_, R>,
) -> Result<(R::Stream, SocketAddr), TransportError> {
    deadline.enter_phase("connecting");
    let runtime = deadline.runtime();
    if let [address] = addresses {
        let connected = deadline.race(runtime.connect(*address)).await?;
        return match connected {
            Ok(socket) => Ok((socket, *address)),
            Err(error) => Err(TransportError::new(TransportErrorKind::Connect, failure(*address, &error))),
        };
    }
    let attempt = |address| async move { (address, runtime.connect(address).await) };
    let mut left = addresses.iter().copied();
    let mut attempts = FuturesUnordered::new();
    let mut delay = pin!(runtime.sleep(CONNECTION_ATTEMPT_DELAY));
    let mut failures = Vec::new();
    let connected = deadline.run(|cx| {
        loop {
            match attempts.poll_next_unpin(cx) {
                Poll::Ready(Some((address, Ok(socket)))) => return Poll::Ready(Some((socket, address))),
                Poll::Ready(Some((address, Err(error)))) => failures.push(failure(address, &error)),
                Poll::Pending if left.len() == 0 => return Poll::Pending,
                Poll::Pending => ready!(delay.poll_unpin(cx)),
                Poll::Ready(None) => {}
            }
            match left.next() {
                Some(address) => {
                    attempts.push(attempt(address));
                    delay.set(runtime.sleep(CONNECTION_ATTEMPT_DELAY));
                }
                None if attempts.is_empty() => return Poll::Ready(None),
                None => {}
            }
        }
    });
    match connected.await {
        Ok(Some(connected)) => Ok(connected),
        Ok(None) => Err(TransportError::new(TransportErrorKind::Connect, failures.join(", "))),
        Err(error) if failures.is_empty() => Err(error),
        Err(error) => Err(TransportError::new(error.kind, format!("{}; {}", error.source, failures.join(", ")))),
    }
}

fn failure(address: SocketAddr, error: &io::Error) -> String {
    format!("{address}: {}", error_chain::text(error))
}
