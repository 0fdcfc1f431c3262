//! The thin server around the world: sockets, files, the clock, and faults.

pub(crate) mod clock;
pub(crate) mod connection;
pub(crate) mod faults;
pub(crate) mod listener;
pub(crate) mod observe;

mod body;
mod connection_end;
mod exchange;
mod execute;
mod notify;
pub(crate) mod rules;
mod shared;

pub(crate) use shared::Shared;
