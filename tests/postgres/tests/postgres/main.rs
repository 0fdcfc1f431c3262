//! The example store in `PostgreSQL`, with a real server. Left out if none is installed.

#[cfg(unix)]
mod conformance;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod tickets;
