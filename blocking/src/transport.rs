//! The seam between the executor and a synchronous HTTP stack.

use std::sync::Arc;

use teamwire_core::{effect::Exchange, machine::Reply};

/// Performs exchanges over HTTP: the trait to implement for a synchronous HTTP stack of your own.
///
/// The default, of [`client`](crate::client), is on ureq. [`BlockingExecutor::new`](crate::BlockingExecutor::new) takes any
/// other:
///
/// ```
/// use std::sync::Arc;
///
/// use teamwire_blocking::{effect::{Exchange, TransportError, TransportErrorKind}, machine::Reply, BlockingExecutor, Client, Config, Credentials, Error, Transport};
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
    /// Performs this exchange, while the calling thread waits. Many threads may call it at the same time.
    fn perform(&self, exchange: Exchange) -> Reply;

    /// Returns a transport with the same settings and with connections of its own, which can be aborted without harm to
    /// this one. Each feed has one.
    fn fork(&self) -> Arc<dyn Transport>;

    /// Fails all exchanges: those in flight at once, whatever they are waiting for, and all later ones too.
    fn abort(&self);
}
