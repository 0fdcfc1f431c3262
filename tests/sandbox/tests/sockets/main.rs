//! Tests of the sandbox over real sockets, without an HTTP library on the client's side.

mod client;
mod closing;
mod command;
mod faults;
mod files;
mod inspection;
mod kept;
mod observing;
mod serving;
mod waiting;
