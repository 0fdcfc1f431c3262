//! The thin server around the world: sockets, files, the clock, and faults.

pub(crate) mod clock;
pub(crate) mod connection;
pub(crate) mod faults;
pub(crate) mod observe;
pub(crate) mod server;

mod body;
mod exchange;
mod execute;
mod notify;
pub(crate) mod rules;
mod shared;
mod wire;

pub(crate) use shared::Shared;
