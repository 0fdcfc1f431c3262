//! What only the asynchronous adapter has: futures that can be dropped, streams, and runtimes of one's own. What it
//! sends and receives over sockets is tested for all adapters at once, by the suite `transport` of `teamwire-tests`.
//!
//! Waiting is for events. Where time itself is the subject, the times are short.

mod addresses;
mod cancellation;
mod drive;
mod examples;
mod feeds;
mod futures;
mod look_ups;
mod streams;
mod support;
