//! What the core does with some requests and responses, so that the network is only as hostile as what it keeps to.

use std::sync::OnceLock;

use chrono::DateTime;
use http::Response;
use serde_json::json;
use teamwire_core::{
    ByHand, Client, Config, Credentials, FeedEvent, Follow, Machine, Moment, Now, Reply, RetryPolicy, Step,
};

/// What holds for the core.
#[derive(Clone, Copy, Debug)]
pub(super) struct Core {
    /// PUT and PATCH carry a key.
    pub(super) keys_changes: bool,
    /// A feed waits out 403, 404 and 501 that are no problem documents.
    pub(super) waits_out_pages: bool,
    /// A problem document keeps its code beside members that are none of the contract's.
    pub(super) reads_odd_problems: bool,
    /// An operation that is tried once is sent once, on whatever connection.
    pub(super) never_is_once: bool,
}

impl Core {
    pub(super) fn probe() -> Self {
        static CORE: OnceLock<Core> = OnceLock::new();
        *CORE.get_or_init(|| Self {
            keys_changes: keys_changes(),
            waits_out_pages: [403, 404, 501].into_iter().all(|status| waits_out(&page(status))),
            reads_odd_problems: !waits_out(&odd_problem()),
            never_is_once: never_is_once(),
        })
    }
}

fn now() -> Now {
    Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH)
}

fn client(retry: RetryPolicy) -> Client<ByHand> {
    let credentials = Credentials::new("app", "a secret").expect("they are good");
    let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
    Client::new(ByHand::new(config.with_retry(retry), [7; 32], now()))
}

fn keys_changes() -> bool {
    let client = client(RetryPolicy::default());
    let place = teamwire_core::Coordinates::new(0.0, 0.0).expect("it is on earth");
    let mut moved = client.chats().update_shared_location(place);
    matches!(moved.poll(now()), Step::Send(_, exchange) if exchange.request.headers().contains_key("idempotency-key"))
}

fn page(status: u16) -> Response<Vec<u8>> {
    Response::builder().status(status).body(b"<html>".to_vec()).expect("it is a response")
}

/// That a cursor is too old, beside members that are none of the contract's.
fn odd_problem() -> Response<Vec<u8>> {
    let mut body = json!({ "status": 410, "code": "cursor_expired", "title": "gone" }).to_string().into_bytes();
    super::network::make_odd(&mut body);
    Response::builder().status(410).body(body).expect("it is a response")
}

/// Returns `true` if a feed reports this, and polls again later.
fn waits_out(response: &Response<Vec<u8>>) -> bool {
    let client = client(RetryPolicy::default());
    let checkpoint = json!({ "version": 1, "feed": "all_messages", "cursor": "here" });
    let checkpoint = serde_json::from_value(checkpoint).expect("it is a checkpoint");
    let mut feed = client.chats().new_messages(Follow::after(checkpoint));
    let Step::Send(ticket, _) = feed.poll(now()) else { return false };
    feed.handle(now(), ticket, Reply::Response(response.clone()));
    matches!(feed.poll(now()), Step::Event(FeedEvent::Trouble(_)))
}

fn never_is_once() -> bool {
    let client = client(RetryPolicy { retries: 0, ..RetryPolicy::default() });
    let mut me = client.contacts().me();
    let Step::Send(ticket, _) = me.poll(now()) else { return false };
    let stale = teamwire_core::Fault::new(teamwire_core::FaultKind::Lost, "closed").sent(true).reused(true);
    me.handle(now(), ticket, Reply::Fault(stale));
    matches!(me.poll(now()), Step::Done(Err(_)))
}
