//! Behaviour of the operations.

mod chat_refs;
mod flows;
mod get_or_create;
mod jitter;
mod lists;
mod requests;
mod script_queues;
mod scripts;
mod snapshots;
mod transfers;
