//! The compared stacks. All send the same headers, and decode the same responses into structs.

pub(crate) mod adapters;
pub(crate) mod epoll;
pub(crate) mod floor;
pub(crate) mod ureq;
pub(crate) mod ureq_proto;

use std::time::Duration;

use http::{Request, request::Builder};

use super::{Verb, responses::TID};

/// The timeout of a request.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Creates a request without its body.
pub fn request(verb: Verb, port: u16) -> Builder {
    let builder = match verb {
        Verb::Get => Request::get(format!("http://127.0.0.1:{port}/v1/chats/{TID}")),
        Verb::Post => Request::post(format!("http://127.0.0.1:{port}/v1/chats/{TID}/messages"))
            .header("content-type", "application/json")
            .header("idempotency-key", "bm90IGEgc2VjcmV0LCBidXQgYXMgbG9uZw-1a2b"),
    };
    builder
        .header("accept", "application/json")
        .header("authorization", "Basic YXBwLWlkOnNlY3JldC1vZi10aGUtYm90")
        .header("user-agent", concat!("teamwire-rust/", env!("CARGO_PKG_VERSION")))
}
