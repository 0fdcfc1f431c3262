//! Observations of feeds on a script.

use teamwire_core::{
    Client, Script,
    script::{
        Respond,
        v1::{expect, respond},
    },
};

use crate::support::Record;

#[test]
fn states_of_a_feed_are_reported_and_its_polls_are_not() {
    let record = Record::default();
    let script = Script::with_config(record.config())
        .then(expect::subscribe_reactions(), respond::subscription("s1", "k0"))
        .then(expect::reaction_updates(), respond::no_updates("k0"))
        .then(expect::reaction_updates(), respond::unavailable(1))
        .then(expect::reaction_updates(), Respond::unreachable())
        .then(expect::reaction_updates(), respond::no_updates("k0"))
        .then(expect::reaction_updates(), respond::cursor_expired())
        .then(expect::reaction_updates(), respond::no_updates("k1"))
        .then(expect::reaction_updates(), respond::unauthorised());
    let last = Client::new(script.clone()).chats().reaction_updates(None).last();
    last.expect("it ends with an error").expect_err("the key is revoked");
    let lines = record.take();
    let expected = [
        "0 reactions subscribed",
        "0 reactions polling",
        "0 reactions retrying 1: server",
        "0 reactions polling",
        "0 reactions retrying 2: connection",
        "0 reactions polling",
    ];
    assert_eq!(lines[..expected.len()], expected, "{lines:?}");
    assert!(lines.contains(&"0 reactions gap".to_owned()), "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("0 reactions ended: auth"), "{lines:?}");
}

#[test]
fn stopped_feed_of_a_chat_ends_without_an_error() {
    let record = Record::default();
    let script = Script::with_config(record.config()).then(expect::message_updates("c1"), respond::no_updates("k0"));
    let mut events = Client::new(script).chats().chat("c1").new_messages(None);
    events.next().expect("it starts").expect("the server works");
    events.stop();
    assert!(events.next().is_none());
    assert_eq!(record.take(), ["0 messages c1 polling", "0 messages c1 ended: ok"]);
}
