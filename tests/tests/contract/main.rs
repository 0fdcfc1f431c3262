//! The core, and its samples for users' tests, against the wire contract.

mod answers;
mod document;
mod operations;
mod properties;
mod requests;
mod violations;
