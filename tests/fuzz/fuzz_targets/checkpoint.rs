//! Any text as a checkpoint: it is read, or refused; one that was read is written as it was, and a feed begins there or
//! refuses it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teamwire_core::{ByHand, Checkpoint, Client, Config, Error, ErrorKind, Exchange, Machine, Step, ThreadId};
use teamwire_fuzz::{assert_no_credentials, credentials, limited, now};

fuzz_target!(|input: &[u8]| {
    let Ok(checkpoint) = limited(input.len(), || serde_json::from_slice::<Checkpoint>(input)) else { return };
    let json = serde_json::to_value(&checkpoint).expect("what was JSON can be JSON");
    let again: Checkpoint = serde_json::from_str(&json.to_string()).expect("it was written just now");
    assert_eq!(checkpoint, again, "it is not read as it was written");

    let config = Config::new("https://teamwire.example.org", credentials()).expect("a URL");
    let client = Client::new(ByHand::new(config, [7; 32], now()));
    let text = |name: &str| json[name].as_str().unwrap_or_default();
    let chat = client.chats().chat(ThreadId::from(text("chat")));
    // The first of them refuses most, so these are few allocations at once.
    limited(input.len(), || {
        assert_starts_at(&mut client.chats().new_messages(checkpoint.clone()), text("cursor"));
        assert_starts_at(&mut client.chats().reaction_updates(checkpoint.clone()), text("cursor"));
        assert_starts_at(&mut chat.new_messages(checkpoint.clone()), text("cursor"));
        assert_starts_at(&mut chat.live_locations(checkpoint.clone()), text("cursor"));
    });
});

/// Asks a feed that begins at this cursor for its first step.
fn assert_starts_at<E, T>(feed: &mut impl Machine<Event = E, Output = T>, cursor: &str) {
    match feed.poll(now()) {
        Step::Send(_, exchange) => assert_has_cursor(&exchange, cursor),
        Step::Done(Err(error)) => assert_invalid_input(&error),
        _ => panic!("a feed begins with a request"),
    }
}

/// Checks that the request has the cursor, unless it is the one for a subscription.
fn assert_has_cursor(exchange: &Exchange, cursor: &str) {
    let url = url::Url::parse(&exchange.request.uri().to_string()).expect("a URL");
    let sent = url.query_pairs().find(|(name, _)| name == "cursor");
    match sent {
        Some((_, sent)) => assert_eq!(sent, cursor, "it begins somewhere else"),
        None => assert_eq!(exchange.request.method(), http::Method::PUT, "it does not say where it begins"),
    }
}

fn assert_invalid_input(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_no_credentials(error);
}
