//! The page and the control API, on a listener of their own: an outage, a fault or a count of the bot's port never
//! concerns them, and no other website can reach them.
//!
//! ```text
//!  request ──▶ target: decodes the path and finds the route
//!                 │
//!                 ▼
//!              guard: Host, Origin, Sec-Fetch-Site ──▶ 421, 403
//!                 │
//!                 ▼
//!              service: 404, 405, 415, then a file of the page or an operation of the API
//! ```

mod files;
mod guard;
mod headers;
mod service;
mod target;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use self::{guard::Guard, service::Service};
use crate::{
    control::{api::Api, events::watch_changes},
    server::listener::Server,
};

/// Starts to serve the page. Returns the server and its address.
pub(crate) fn start(api: Api, address: SocketAddr, hosts: Vec<String>) -> io::Result<(Server, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    let watch = watch_changes(api.shared.clone(), api.hub.clone());
    let service = Arc::new(Service { api, guard: Guard::new(address, hosts) });
    let serve = move |stream| service::serve(stream, service.clone());
    Ok((Server::start("teamwire-sandbox-page", listener, serve, watch)?, address))
}
