//! What each adapter sends over a socket, and what it makes of what comes back. The server of each test is a script
//! over TCP, so that it can say what no proper server says.
//!
//! Waiting is for events. Where time itself is the subject, the times are short, and the bounds generous.

mod connecting;
mod connections;
mod downloads;
mod endless;
mod expect_continue;
mod faults;
mod framing;
mod interim;
mod limits;
mod malformed;
mod proxies;
mod refusals;
mod requests;
mod stale;
mod support;
mod timeouts;
mod tls;
mod tls_responses;
mod uploads;
