//! Clients under measurement.

use super::Verb;

/// Sends requests one after another, in a thread.
pub trait Worker: Send {
    /// Sends a request, and decodes its response.
    fn request(&mut self, verb: Verb);
}

/// Sends requests one after another, in a task.
pub trait AsyncWorker: Send + 'static {
    /// Sends a request, and decodes its response.
    fn request(&mut self, verb: Verb) -> impl Future<Output = ()> + Send;
}
