//! TCP in the calling thread: lookups of hosts, connections to one of their addresses, and sockets with a deadline.

mod hosts;
mod lookups;
mod non_blocking;
mod op_timeout;
mod race;
mod socket;

#[cfg(test)]
pub(super) use self::lookups::Lookups;
pub(super) use self::{hosts::Hosts, non_blocking::Ready, socket::Socket};
