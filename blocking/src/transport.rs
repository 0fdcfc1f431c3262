//! The interface between the executor and a synchronous HTTP stack.

mod abortable;
mod body;

use teamwire_core::{effect::Exchange, machine::Reply};
pub use teamwire_std::body::downcast_transport_error;

pub(crate) use self::abortable::{Abandoning, AbortableTransport};
pub use self::body::{RequestBody, read_response};

/// Performs exchanges over HTTP: the trait to implement for a synchronous HTTP stack of your own.
///
/// [`client`](crate::client) uses one on ureq. Pass your own to
/// [`BlockingExecutor::with_transport`](crate::BlockingExecutor::with_transport).
///
/// ```
/// use teamwire_blocking::{
///     BlockingExecutor, Client, Config, Credentials, Error,
///     effect::{Exchange, TransportError, TransportErrorKind},
///     machine::Reply,
///     transport::Transport,
/// };
///
/// /// A machine without a network.
/// struct Offline;
///
/// impl Transport for Offline {
///     fn perform(&self, _: Exchange) -> Reply {
///         Reply::Error(TransportError::new(TransportErrorKind::Connect, "there is no network"))
///     }
/// }
///
/// let config = Config::new("https://backend.example", Credentials::new("app-id", "secret")?)?;
/// let client = Client::new(BlockingExecutor::with_transport(config, Offline)?);
/// # drop(client);
/// # Ok::<(), Error>(())
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
/// - **Response bodies** are limited, and go to a file if the exchange has one: see [`read_response`]. After an
///   interruption, the error has the [head](teamwire_core::effect::TransportError::head) and the number of bytes that
///   were received, so that a download can be resumed. No content coding is undone.
/// - **Stopped feeds.** The exchanges of feeds are performed in threads of their own. When a feed is stopped, its
///   exchange is abandoned: the thread ends with it, at the latest after its timeout, and the reply is ignored.
/// - **Secrets.** Header values that are [sensitive](ureq::http::HeaderValue::is_sensitive) must not be logged.
pub trait Transport: Send + Sync + 'static {
    /// Performs this exchange in the calling thread. Called by several threads at once.
    fn perform(&self, exchange: Exchange) -> Reply;
}
