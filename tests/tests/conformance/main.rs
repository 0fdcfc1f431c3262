//! What every executor does against a real backend, written once. Each test has a sandbox of its own, and everything
//! that passes between it and the client is checked against the wire contract.

mod chats;
mod contacts;
mod contract_checks;
mod defective_executors;
mod faults;
mod feeds;
mod members;
mod messages;
mod network;
mod posting;
mod reactions;
mod refusals;
mod sharing;
mod table;
mod threads;
mod waits;
