//! How ureq gets its connections. All that touches `ureq::unversioned` is in here, as it may change in any 3.x.
//!
//! ```text
//!   NetworkConnector ─────────────────────────────► Connection           what ureq reads from and writes to
//!   (look-up, TCP, a tunnel, TLS)         │ Buffers    responses, repaired as they arrive
//!                                         │ Link       TCP or TLS, both directions at once
//!                                         │ ConnectionHistory    when it may serve another exchange
//!                                         └ RequestContext       what exchange and connection know of each other
//! ```

mod agent;
mod body;
mod buffers;
mod client;
mod connection;
mod connector;
mod framing;
mod limits;
mod link;
mod proxy;
mod request_context;
mod reuse;
mod tcp;
mod tls;

pub(crate) use self::client::UreqTransport;
