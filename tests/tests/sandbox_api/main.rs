//! The control API of the sandbox over raw sockets. Every exchange is checked against `docs/sandbox-api.yaml`.

mod browser;
mod client;
mod document;
mod events;
mod every_operation;
mod faults;
mod files;
mod guard;
mod people;
mod requests;
mod world;
