//! Replicas that share feeds through a store.

mod network;
mod process;
mod properties;
mod world;
