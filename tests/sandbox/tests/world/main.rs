//! The promises of the contract, on virtual time and without a socket.

mod assets;
mod avatars;
mod chats;
mod feeds;
mod idempotency;
mod keys;
mod leases;
mod locations;
mod members;
mod messages;
mod nonsense;
mod paging;
mod reactions;
mod readers;
mod routes;
mod stage;
