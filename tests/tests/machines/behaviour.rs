//! What the operations promise, one by one.

mod flows;
mod lists;
mod requests;
mod scripts;
mod snapshots;
