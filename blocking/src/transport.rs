//! The interface between the executor and a synchronous HTTP stack.

mod body;
mod stoppable;

use teamwire_core::{effect::Exchange, machine::Reply};
pub use teamwire_std::body::{downcast_transport_error, timed_out};

pub(crate) use self::body::{BodySource, read_body};
pub use self::body::{RequestBody, read_response};
pub(crate) use self::stoppable::{Abandoning, StoppableTransport, stopped, unless_panicked};

/// Performs exchanges over HTTP: the trait to implement for a synchronous HTTP stack of your own.
///
/// [`client`](crate::client) uses one on ureq. Pass your own to
/// [`BlockingExecutor::with_transport`](crate::BlockingExecutor::with_transport). The crate's example `hyper_blocking`
/// has one on hyper.
///
/// ```
/// use teamwire_blocking::{
///     BlockingExecutor, Client, Config, Credentials, Error,
///     effect::{Exchange, TransportError, TransportErrorKind},
///     machine::Reply,
///     transport::Transport,
/// };
///
/// /// A transport without a network.
/// struct Offline;
///
/// impl Transport for Offline {
///     fn perform(&self, _: Exchange) -> Reply {
///         Reply::Error(teamwire_core::effect::TransportError::new(TransportErrorKind::Connect, "there is no network"))
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
/// - **Response bodies** are limited, and go to a file if the exchange has one: see [`read_response`]. Their transfer
///   coding is decoded, and no content coding. If one is interrupted, the error has the [head] and the [number of
///   bytes] that were kept, so that a download can be resumed.
/// - **Stops.** The exchanges of feeds, and of operations that are [stopped by](teamwire_core::Client::stopped_by) a
///   handle, are performed in threads of their own. When they are stopped, the exchange is abandoned: the thread ends
///   with it, at the latest after its timeout, and the reply is ignored.
/// - **Secrets.** Header values that are [sensitive] appear in no log and no error.
///
/// Everything else is up to the transport: proxies, TLS, the number of connections and of idle ones, and their age.
///
/// [`sent`]: teamwire_core::effect::TransportError::with_sent
/// [`reused`]: teamwire_core::effect::TransportError::with_reused
/// [head]: teamwire_core::effect::TransportError::with_head
/// [number of bytes]: teamwire_core::effect::TransportError::with_received
/// [sensitive]: ureq::http::HeaderValue::is_sensitive
pub trait Transport: Send + Sync + 'static {
    /// Performs this exchange in the calling thread. Called by several threads at once.
    fn perform(&self, exchange: Exchange) -> Reply;
}
