//! Replicas that share feeds through a store.

mod bots;
mod network;
mod process;
mod properties;
mod saves;
mod sockets;
mod window;
mod world;
