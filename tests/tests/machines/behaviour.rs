//! Behaviour of the operations.

mod flows;
mod jitter;
mod lists;
mod requests;
mod scripts;
mod snapshots;
mod transfers;
