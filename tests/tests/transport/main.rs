//! Requests and responses of each adapter over a socket. The server of each test is a script over TCP, which can also
//! send invalid responses.
//!
//! Tests wait for events. Those of timeouts use short times with generous bounds.

mod connecting;
mod connections;
mod downloads;
mod endless;
mod expect_continue;
mod faults;
mod framing;
mod idle_connections;
mod interim;
mod limits;
mod malformed;
mod max_connections;
mod openings;
mod parts;
mod proxies;
mod refusals;
mod requests;
mod stale;
mod support;
mod timeouts;
mod tls;
mod tls_responses;
mod uploads;
