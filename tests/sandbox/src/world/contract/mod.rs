pub(crate) mod headers;
pub(crate) mod json_object;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod response;

#[allow(clippy::wildcard_imports)]
use super::*;
