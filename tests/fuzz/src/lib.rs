//! Parts that the fuzz targets share.

mod bot;
mod feed_set;
mod memory;
mod network;
mod operation;
mod response_bytes;
mod server;
mod setup;
mod timers;

pub use self::{
    bot::{assert_no_credentials, credentials, now},
    feed_set::{Action, FeedSetModel},
    memory::{MAX_INPUT_LEN, limited},
    network::{Connection, Network},
    operation::Bot,
    server::Server,
    setup::{Operation, Setup},
};
