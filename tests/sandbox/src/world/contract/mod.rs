//! The formats of the wire contract: paths, queries, headers, JSON objects, responses and problems.

pub(crate) mod headers;
pub(crate) mod json_object;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod response;
