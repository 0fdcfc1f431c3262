//! Files against a real backend, for all executors: avatars, attachments, and failures of the network or the disk. Each
//! test has its own sandbox, and all exchanges with it are checked against the wire contract.
//!
//! Tests with the argument `adapters` need an executor that reads and writes files in chunks.

mod assets;
mod attachments;
mod avatars;
mod downloads;
mod interruptions;
mod names;
mod progress;
mod resuming;
mod support;
mod targets;
mod uploads;
