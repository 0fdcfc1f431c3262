//! The behaviour of each operation.

mod flows;
mod jitter;
mod lists;
mod requests;
mod scripts;
mod snapshots;
mod transfers;
