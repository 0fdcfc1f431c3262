use super::Endpoint;
use crate::error::Error;

/// An endpoint, or an error with which nothing is sent: `InvalidInput` for an argument that the protocol cannot
/// transmit, `Unsupported` for an operation or an option that it does not have.
pub type EndpointResult<T> = Result<Endpoint<T>, Error>;
