//! The executor over real sockets: what it sends, and what it makes of what comes back, or doesn't.
//!
//! The servers are of a few lines, each its test's own, on free ports of this machine.

mod connections;
mod endless;
mod expecting;
mod faults;
mod framing;
mod proxy;
mod refusals;
mod requests;
mod secrets;
mod stale;
mod stopping;
mod support;
mod timeouts;
mod tls;
