//! The executor on async-std against servers of a few lines each, on free ports of this machine.
//!
//! Waiting is done on what is waited for. Where time itself is the subject, the times are short.

mod cancellation;
mod connecting;
mod downloads;
#[cfg(target_os = "linux")]
mod drains;
mod drive;
mod examples;
mod expectations;
mod faults;
mod feeds;
mod forms;
mod framing;
mod futures;
mod garbage;
mod keep_alive;
mod limits;
mod look_ups;
mod proxy;
mod stale;
mod support;
mod time;
mod tls;
mod uploads;
