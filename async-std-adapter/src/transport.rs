//! The interface between the executor and an asynchronous HTTP stack.

mod body;
mod engine;

use std::future::Future;

use teamwire_core::{effect::Exchange, machine::Reply};
pub use teamwire_std::body::timed_out;

pub use self::body::{RequestBody, ResponseBody};

/// Performs exchanges over HTTP: the trait to implement for an asynchronous HTTP stack of your own.
///
/// [`client`](crate::client) uses the engine of this crate. Pass your own to
/// [`AsyncExecutor::with_transport`](crate::AsyncExecutor::with_transport). The crate's example `hyper_async` has
/// one on hyper.
///
/// ```
/// use teamwire_async_std::{
///     effect::{Exchange, TransportError, TransportErrorKind}, machine::Reply, transport::Transport,
/// };
///
/// /// A transport without a network.
/// struct Offline;
///
/// impl Transport for Offline {
///     async fn perform(&self, _: Box<Exchange>) -> Reply {
///         Reply::Error(teamwire_core::effect::TransportError::new(TransportErrorKind::Connect, "there is no network"))
///     }
/// }
/// ```
///
/// # Contract
///
/// - **One attempt.** Send the request once. Do not retry, not even on another connection, and do not follow redirects:
///   the executor decides on retries, and the credentials of a request must not go to another host.
/// - **Any status is a response**, also 3xx, 4xx, 5xx and 407. An error means that there is no complete response.
/// - **Sent or not.** Set [`sent`] unless it is certain that no byte of the request has left. If it is wrongly unset, a
///   message may be posted twice.
/// - **Lost connections** are `Disconnected`, with [`reused`] if they had served an earlier exchange. An exchange that
///   [requires a new connection](Exchange::requires_new_connection) gets one that has served no other. After an error,
///   a timeout or an early response, a connection serves no other exchange.
/// - **Time.** The [timeout](Exchange::timeout) limits everything from the lookup of the host to the last byte,
///   whatever the server sends. `Timeout::Idle` restarts with each byte in either direction. A [maximum
///   duration](Exchange::max_duration) limits the whole exchange in addition. See [`timed_out`] for the error.
/// - **Request head.** The headers are complete except for those of the framing: add `Host`, and `Content-Length` for a
///   body, and for the methods that usually have one.
/// - **Request bodies** are sent in the order of their parts, without being loaded into memory: see [`RequestBody`]. A
///   file whose length has changed ends the request before its last byte, as an error of the kind `File`.
/// - **Early responses.** A response that arrives before the whole request was sent is the reply, and ends the sending.
/// - **Response bodies** are limited, and go to a file if the exchange has one: see [`ResponseBody`]. Their transfer
///   coding is decoded, and no content coding. If one is interrupted, the error has the [head] and the [number of
///   bytes] that were kept, so that a download can be resumed.
/// - **Dropped futures.** The future may be dropped at any time: when an operation is dropped, or a feed is stopped.
///   Its connection serves no other exchange. It does not block, and yields even if the server never pauses.
/// - **Secrets.** Header values that are [sensitive] appear in no log and no error.
///
/// Everything else is up to the transport: proxies, TLS, the number of connections and of idle ones, and their age.
///
/// [`sent`]: teamwire_core::effect::TransportError::with_sent
/// [`reused`]: teamwire_core::effect::TransportError::with_reused
/// [head]: teamwire_core::effect::TransportError::with_head
/// [number of bytes]: teamwire_core::effect::TransportError::with_received
/// [sensitive]: http::HeaderValue::is_sensitive
pub trait Transport: Send + Sync + 'static {
    /// Performs this exchange. Many exchanges are performed at once.
    fn perform(&self, exchange: Box<Exchange>) -> impl Future<Output = Reply> + Send;
}
