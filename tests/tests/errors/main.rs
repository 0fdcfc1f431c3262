//! Errors: their kinds and fields, retries, and the absence of secrets.

mod bodies;
mod chains;
mod check;
mod connections;
mod echoes;
mod escapes;
mod kinds;
mod operations;
mod retries;
mod secrets;
