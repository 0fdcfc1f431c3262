//! The sandbox as clients see it: real sockets, no HTTP library on the client's side.

mod client;
mod closing;
mod command;
mod faults;
mod files;
mod observing;
mod serving;
mod waiting;
