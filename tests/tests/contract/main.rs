//! Checks of the core, and of its samples for users' tests, against the wire contract.

mod document;
mod operations;
mod properties;
mod requests;
mod responses;
mod violations;
