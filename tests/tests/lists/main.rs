//! Lists that are read item by item.

mod machine;
mod properties;
mod scripts;
mod sockets;
mod stops;
mod support;
mod worlds;
