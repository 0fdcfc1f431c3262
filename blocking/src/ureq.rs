//! The transport on ureq. Only this module uses `ureq::unversioned`, which may change in any 3.x release.
//!
//! ```text
//!   UreqTransport            maps exchanges to requests of ureq, and its responses and errors to replies
//!     │ Agent                ureq
//!     ▼
//!   NetworkConnector ──────► Connection                  the stream of ureq
//!   (lookup, TCP, a           │ Buffers                 preprocessed responses
//!    tunnel, TLS)              │ Link                    TCP or TLS, both directions at once
//!                              │ ConnectionHistory       whether it can be reused
//!                              └ RequestContext          state that an exchange and its connection share
//!                                └ Interrupter           ends an exchange that is stopped
//! ```

mod agent;
mod buffers;
mod client;
mod connection;
mod connector;
mod head_additions;
mod interrupter;
mod limits;
mod link;
mod proxy;
mod request_context;
mod restored_body;
mod reuse;
mod tcp;
mod tls;
mod withheld_response;

pub(crate) use self::client::UreqTransport;
