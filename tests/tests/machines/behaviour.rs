//! What the operations promise, one by one.

mod flows;
mod jitter;
mod lists;
mod requests;
mod scripts;
mod snapshots;
mod transfers;
