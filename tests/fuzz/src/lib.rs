//! Parts that the fuzz targets share.

mod bot;
mod feeds;
mod memory;
mod network;
mod operation;
mod plan;
mod served;
mod server;
mod timers;

pub use self::{
    bot::{assert_private, credentials, now},
    feeds::{Act, Course},
    memory::{LONGEST_INPUT, limited},
    network::{Network, Wire},
    operation::Bot,
    plan::{Operation, Plan},
    server::Server,
};
