//! The transport on ureq. All that touches `ureq::unversioned` is in here, as it may change in any 3.x.
//!
//! ```text
//!   UreqTransport            exchanges as requests to ureq, and its responses and errors as replies
//!     │ Agent                ureq
//!     ▼
//!   NetworkConnector ──────► Connection                  what ureq reads from and writes to
//!   (look-up, TCP, a           │ Buffers                 responses, repaired as they arrive
//!    tunnel, TLS)              │ Link                    TCP or TLS, both directions at once
//!                              │ ConnectionHistory       whether it can be reused
//!                              └ RequestContext          state that an exchange and its connection share
//! ```

mod agent;
mod body;
mod buffers;
mod client;
mod connection;
mod connector;
mod limits;
mod link;
mod proxy;
mod request_context;
mod reuse;
mod tcp;
mod tls;
mod withheld_response;

pub(crate) use self::client::UreqTransport;
