//! The transport on ureq. Only this module uses `ureq::unversioned`, which may change in any 3.x release.
//!
//! ```text
//!   UreqTransport            maps exchanges to requests of ureq, and its responses and errors to replies
//!     │ Agent                ureq
//!     ▼
//!   NetworkConnector ──────► PooledConnection            is handed back when ureq drops it
//!   (the pool of idle        │
//!    connections, or lookup, └ Connection                the stream of ureq
//!    TCP, a                   │ Buffers                 preprocessed responses
//!    tunnel, TLS)              │ Link                    TCP or TLS, both directions at once
//!                              └ RequestContext          state that an exchange and its connection share
//!                                └ Interrupter           ends an exchange that is stopped
//! ```

mod agent;
mod buffers;
mod client;
mod connection;
mod connector;
mod errors;
mod head_additions;
mod hidden_response;
mod interrupter;
mod limits;
mod link;
mod pooled_connection;
mod proxy;
mod request_context;
mod restored_body;
mod slot;
mod tcp;
mod tls;

pub(crate) use self::client::UreqTransport;
