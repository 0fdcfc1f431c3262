//! Any text as a checkpoint. If it can be decoded, encoding and decoding it again returns the same checkpoint, and a
//! feed either starts at its cursor or rejects it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teamwire_core::{
    Checkpoint, Client, Config, Error, ErrorKind,
    effect::Exchange,
    executor::Manual,
    machine::{Machine, Step},
    model::ThreadId,
};
use teamwire_fuzz::{assert_no_credentials, credentials, limited, now};

fuzz_target!(|input: &[u8]| {
    let Ok(checkpoint) = limited(input.len(), || serde_json::from_slice::<Checkpoint>(input)) else { return };
    let json = serde_json::to_value(&checkpoint).expect("a checkpoint is serializable");
    let again: Checkpoint = serde_json::from_str(&json.to_string()).expect("an encoded checkpoint can be decoded");
    assert_eq!(checkpoint, again, "the checkpoint changes when it is encoded and decoded");

    let config = Config::new("https://teamwire.example.org", credentials()).expect("the URL is valid");
    let client = Client::new(Manual::new(config, [7; 32], now()));
    let text = |name: &str| json[name].as_str().unwrap_or_default();
    let chat = client.chats().chat(ThreadId::from(text("chat")));
    // At most one of the feeds accepts the checkpoint, so few allocations are in use at once.
    limited(input.len(), || {
        assert_starts_at(&mut client.chats().new_messages(checkpoint.clone()), text("cursor"));
        assert_starts_at(&mut client.chats().reaction_updates(checkpoint.clone()), text("cursor"));
        assert_starts_at(&mut chat.new_messages(checkpoint.clone()), text("cursor"));
        assert_starts_at(&mut chat.live_locations(checkpoint.clone()), text("cursor"));
    });
});

/// Asserts that a feed starts at this cursor, or rejects its checkpoint.
fn assert_starts_at<E, T>(feed: &mut impl Machine<Event = E, Output = T>, cursor: &str) {
    match feed.poll(now()) {
        Step::Send(_, exchange) => assert_has_cursor(&exchange, cursor),
        Step::Done(Err(error)) => assert_invalid_input(&error),
        _ => panic!("expected a request or an error"),
    }
}

/// Asserts that a request has the cursor, unless it is the one that subscribes.
fn assert_has_cursor(exchange: &Exchange, cursor: &str) {
    let url = url::Url::parse(&exchange.request.uri().to_string()).expect("the URL is valid");
    let sent = url.query_pairs().find(|(name, _)| name == "cursor");
    match sent {
        Some((_, sent)) => assert_eq!(sent, cursor, "the request has another cursor"),
        None => {
            assert_eq!(exchange.request.method(), http::Method::PUT, "only a request that subscribes has no cursor");
        }
    }
}

fn assert_invalid_input(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_no_credentials(error);
}
