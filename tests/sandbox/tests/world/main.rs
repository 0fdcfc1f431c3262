//! Tests of the contract on virtual time, without sockets.

mod arbitrary_requests;
mod assets;
mod avatars;
mod chats;
mod events;
mod feeds;
mod fixture;
mod idempotency;
mod keys;
mod leases;
mod locations;
mod members;
mod messages;
mod paging;
mod reactions;
mod readers;
mod routes;
