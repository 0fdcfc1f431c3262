//! The core, and its samples for users' tests, against the wire contract.

mod document;
mod operations;
mod properties;
mod requests;
mod responses;
mod violations;
