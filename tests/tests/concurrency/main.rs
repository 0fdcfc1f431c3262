//! Waits with a limit, and concurrent handlers of feeds, over scripts and over sockets.

mod bot;
mod properties;
mod saves;
mod scripts;
mod sockets;
mod waits;
mod wakes;
