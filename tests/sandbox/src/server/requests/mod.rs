//! The log of the last requests, for the page and the control API.

mod entry;
mod log;

pub(crate) use entry::{Completion, Entry, KeptBody, ResponseFacts};
pub(crate) use log::Requests;
