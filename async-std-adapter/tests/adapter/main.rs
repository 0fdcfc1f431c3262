//! Tests of features that only the asynchronous adapter has: futures that can be dropped, streams, and custom runtimes.
//! The suite `transport` of `teamwire-tests` tests the HTTP client together with those of the other adapters.
//!
//! Tests wait for events. Where time itself is tested, the times are short.

mod addresses;
mod backends;
mod bursts;
mod cancellation;
mod drive;
mod examples;
mod feeds;
mod futures;
mod lookups;
mod reuse;
mod streams;
mod support;
