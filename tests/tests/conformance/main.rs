//! Tests of every executor against a real backend. Each test has its own sandbox, and all exchanges with it are checked
//! against the wire contract.

mod chat_refs;
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
mod second_protocol;
mod sharing;
mod table;
mod threads;
mod waits;
