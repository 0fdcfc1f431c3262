//! The HTTP server around the world: sockets, files, clock and faults.

pub(crate) mod clock;
pub(crate) mod connection;
pub(crate) mod data;
pub(crate) mod faults;
pub(crate) mod listener;
pub(crate) mod observe;
pub(crate) mod requests;

pub(crate) mod body;
mod connection_end;
mod exchange;
mod execute;
mod notify;
mod outages;
mod polls;
pub(crate) mod rules;
mod shared;
pub(crate) mod store;

pub(crate) use shared::Shared;
