//! The location shares that a session knows of, queried without a request.

mod dropped;
mod expiry;
mod responses;
mod starts;
mod support;
