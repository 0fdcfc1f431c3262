//! Causes that lie between client and server: a defective intermediary, or another program of the bot with the same
//! key. The client itself sends no such request.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use teamwire_core::Draft;
use teamwire_sandbox::{Fault, Sandbox, org};
use teamwire_tests::{Fixture, ProxiedRequest, Refusal, contract::Contract, harness::Harness, operations::Bot};

use super::callers::Caller;

/// Maximum wait for the first of two requests.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// Larger than everything that the contract allows.
const TOO_LARGE: u64 = 1 << 40;

/// Returns `true` if only an intermediary or another program can cause a refusal.
pub(super) fn is_needed((_, status, code): &Refusal, caller: Caller) -> bool {
    match code.as_str() {
        "invalid_request"
        | "payload_too_large"
        | "unsupported_media_type"
        | "range_not_satisfiable"
        | "idempotency_mismatch"
        | "in_progress" => true,
        // The cursor of a feed can expire.
        "cursor_expired" => !matches!(caller, Caller::Poll(_)),
        _ => *status == 400,
    }
}

/// Alters the requests of the operation on their way.
pub(super) fn arrange<H: Harness>(fixture: &Fixture<H>, bot: &Bot<H::X>, (operation, status, code): &Refusal) {
    let route = Contract::load().route(operation);
    let proxy = fixture.proxy.as_ref().expect("the fixture has a proxy");
    let is_read = route.starts_with("GET ");
    match (*status, code.as_str()) {
        (400, _) if !is_read => proxy.alter(&route, |it| it.set_header("idempotency-key", "k".repeat(129))),
        (400, _) if route.contains('{') => replace_id(fixture, &route, &"x".repeat(129)),
        (400, _) => proxy.alter(&route, |it| add_to_query(it, "limit=0&wait=26")),
        (413, _) => proxy.alter(&route, |it| it.announce(TOO_LARGE)),
        (415, _) => proxy.alter(&route, |it| it.set_header("content-encoding", "gzip")),
        (416, _) => proxy.alter(&route, |it| {
            it.remove_header("if-range");
            it.set_header("range", "bytes=1000000-");
        }),
        (422, "invalid_request") if is_read => {
            let anna = fixture.sandbox.as_person(org::ANNA);
            let plain = anna.post(org::LOBBY, "no alert").expect("Anna is in the lobby");
            replace_id(fixture, &route, &plain);
        }
        (422, "invalid_request") => proxy.alter(&route, |it| it.set_body(br#"{"colour":"red"}"#)),
        (422, "idempotency_mismatch") => {
            let key = used_key(fixture, bot);
            proxy.alter(&route, move |it| it.set_header("idempotency-key", key.as_str()));
        }
        (409, "in_progress") => {
            fixture.sandbox.clock().pause();
            let (sandbox, first) = (Arc::clone(&fixture.sandbox), Mutex::new(None));
            proxy.alter(&route.clone(), move |it| {
                first.lock().expect("nobody panics with it").get_or_insert_with(|| send_twice(it, &sandbox, &route));
            });
        }
        (410, "cursor_expired") => proxy.alter(&route, |it| add_to_query(it, "cursor=of-another-server")),
        _ => panic!("no alteration is known for {status} {code}"),
    }
}

/// Replaces the last id of the path.
fn replace_id<H: Harness>(fixture: &Fixture<H>, route: &str, id: &str) {
    let (proxy, id) = (fixture.proxy.as_ref().expect("the fixture has a proxy"), id.to_owned());
    let at = route.split('/').enumerate().filter(|(_, segment)| segment.starts_with('{')).last();
    let at = at.expect("the path has an id").0;
    proxy.alter(route, move |request| {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let mut segments: Vec<_> = path.split('/').collect();
        segments[at] = &id;
        request.target = format!("{}?{query}", segments.join("/"));
    });
}

fn add_to_query(request: &mut ProxiedRequest, parameters: &str) {
    let separator = if request.target.contains('?') { '&' } else { '?' };
    request.target = format!("{}{separator}{parameters}", request.target);
}

/// Returns an idempotency key that was used for another request.
fn used_key<H: Harness>(fixture: &Fixture<H>, bot: &Bot<H::X>) -> String {
    fixture.ok(bot.client.chats().chat(org::NOTICES).post(Draft::text("another").idempotency_key("used")));
    let transcript = fixture.sandbox.transcript();
    transcript.last().and_then(|sent| sent.idempotency_key.clone()).expect("the post has a key")
}

/// Sends a copy of the request first, whose response is slow, as if the request was sent again after a timeout. Returns
/// the connection of the copy.
fn send_twice(request: &ProxiedRequest, sandbox: &Sandbox, route: &str) -> std::net::TcpStream {
    let before = sandbox.handled_count(route);
    sandbox.faults().add(Fault::Slow(Duration::from_secs(3600)));
    let connection = request.send_copy().expect("the sandbox listens");
    assert!(sandbox.wait_until(MAX_WAIT, |sandbox| sandbox.handled_count(route) > before), "it is not handled");
    connection
}
