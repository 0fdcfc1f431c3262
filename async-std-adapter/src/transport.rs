//! The interface between the executor and an asynchronous HTTP stack.

mod body;

use std::future::Future;

use teamwire_core::{effect::Exchange, machine::Reply};

pub use self::body::{RequestBody, ResponseBody};

/// Performs exchanges over HTTP: the trait to implement for an asynchronous HTTP stack of your own.
///
/// [`client`](crate::client) uses the engine of this crate. Pass your own to
/// [`AsyncExecutor::with_transport`](crate::AsyncExecutor::with_transport). The crate's example `hyper_transport` has
/// one on hyper.
///
/// ```
/// use teamwire_async_std::{
///     effect::{Exchange, TransportError, TransportErrorKind}, machine::Reply, transport::Transport,
/// };
///
/// /// A machine without a network.
/// struct Offline;
///
/// impl Transport for Offline {
///     async fn perform(&self, _: Box<Exchange>) -> Reply {
///         Reply::Error(TransportError::new(TransportErrorKind::Connect, "there is no network"))
///     }
/// }
/// ```
///
/// # Contract
///
/// - **One attempt.** The core decides on retries, and depends on the knowledge of what was sent. Redirects are
///   responses: a request has credentials, which must not go elsewhere.
/// - **Any status is a response**, also 4xx, 5xx and 407. An error is the absence of a complete response.
/// - **Time.** The [timeout](Exchange::timeout) covers everything from the lookup of the host to the last byte.
///   `Timeout::Idle` restarts with each byte in either direction.
/// - **Honesty.** [`sent`](teamwire_core::effect::TransportError::sent) is set unless it is certain that no byte of the
///   request has left. If it is wrongly unset, a message may be posted twice. A connection that breaks is
///   `Disconnected`, with [`reused`](teamwire_core::effect::TransportError::reused) if it had served an earlier exchange.
/// - **Connections.** If the exchange [requires a new connection](Exchange::requires_new_connection), it needs one that has served
///   no other.
/// - **Request bodies** are sent in the order of their parts, with `Content-Length`, and without being loaded into
///   memory: see [`RequestBody`]. A file that has changed fails the request before its last byte.
/// - **Early responses.** A response that arrives before the whole request was sent ends the sending, and is the reply.
/// - **Response bodies** are limited, and go to a file if the exchange has one: see [`ResponseBody`]. After an
///   interruption, the error has the [head](teamwire_core::effect::TransportError::head) and the number of bytes that
///   were written, so that a download can be resumed. No content coding is undone.
/// - **Dropped futures.** The future may be dropped at any time: when an operation is dropped, or a feed is stopped.
///   Its connection must not be used again.
/// - **Secrets.** Header values that are [sensitive](http::HeaderValue::is_sensitive) must not be logged.
pub trait Transport: Send + Sync + 'static {
    /// Performs this exchange. Many exchanges are performed at once.
    fn perform(&self, exchange: Box<Exchange>) -> impl Future<Output = Reply> + Send;
}
