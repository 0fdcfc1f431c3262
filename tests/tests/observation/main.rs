//! Observers of operations and feeds.

mod executors;
mod feeds;
mod operations;
mod records;
mod support;
