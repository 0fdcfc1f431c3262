//! Replicas that share feeds through a store.

mod bots;
mod cost;
mod cuttable;
mod many;
mod network;
mod observed;
mod on_redis;
mod process;
#[cfg(unix)]
mod processes;
mod properties;
mod saves;
mod scale;
mod sets;
mod sockets;
mod window;
mod world;
