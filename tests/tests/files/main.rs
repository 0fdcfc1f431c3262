//! Files against a real backend, written once for all executors: avatars, attachments, and what becomes of them when
//! the network or the disk fails. Each test has a sandbox of its own, and everything that passes between it and the
//! client is checked against the wire contract.
//!
//! Tests with the argument `adapters` need an executor that reads and writes files piece by piece.

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
