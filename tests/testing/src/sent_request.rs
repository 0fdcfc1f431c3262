use std::time::Duration;

use http::{Method, StatusCode};

/// A request that a client of a world has sent, in the list of [`World::requests`](crate::World::requests).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentRequest {
    /// Time since the start of the world.
    pub at: Duration,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Status of the response; `None` until it has arrived, and if it never does.
    pub status: Option<StatusCode>,
}
