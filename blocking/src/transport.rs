//! The interface between the executor and a synchronous HTTP stack.

use std::sync::Arc;

use teamwire_core::{effect::Exchange, machine::Reply};

/// Performs exchanges over HTTP: the trait to implement for a synchronous HTTP stack of your own.
///
/// [`client`](crate::client) uses one on ureq. Pass your own to
/// [`BlockingExecutor::new`](crate::BlockingExecutor::new):
///
/// ```
/// use std::sync::Arc;
///
/// use teamwire_blocking::{
///     BlockingExecutor, Client, Config, Credentials, Error, Transport,
///     effect::{Exchange, TransportError, TransportErrorKind},
///     machine::Reply,
/// };
///
/// /// A machine without a network.
/// struct Offline;
///
/// impl Transport for Offline {
///     fn perform(&self, _: Exchange) -> Reply {
///         Reply::Error(TransportError::new(TransportErrorKind::Connect, "there is no network"))
///     }
///
///     fn fork(&self) -> Arc<dyn Transport> {
///         Arc::new(Self)
///     }
///
///     fn abort(&self) {}
/// }
///
/// let config = Config::new("https://backend.example", Credentials::new("app-id", "secret")?)?;
/// let client = Client::new(BlockingExecutor::new(config, Offline)?);
/// # drop(client);
/// # Ok::<(), Error>(())
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Performs this exchange in the calling thread. Called by several threads at once.
    fn perform(&self, exchange: Exchange) -> Reply;

    /// Returns a transport with the same settings and connections of its own, which can be aborted independently.
    /// Called for each feed.
    fn fork(&self) -> Arc<dyn Transport>;

    /// Makes all exchanges fail: those in flight at once, whatever they wait for, and all later ones.
    fn abort(&self);
}
