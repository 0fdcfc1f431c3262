//! Feeds of different kinds in one driver.

use std::collections::BTreeMap;

use teamwire_async_std::{AsyncStdRuntime, scripted_on};
use teamwire_core::{
    FeedEvent, FeedSet, Script,
    feed::{FeedEnd, FeedSetEvent, MapItem},
    machine::Feed,
    model::ChatEvent,
    script::v1::{expect, respond, sample},
};

type AnyFeed = Box<dyn Feed<Event = FeedEvent<ChatEvent>, Output = FeedEnd>>;
type Delivered = Option<(&'static str, FeedSetEvent<FeedEvent<ChatEvent>, FeedEnd>)>;

fn script() -> Script {
    let messages = ["m1", "m2"].map(|mid| sample::message(mid, "c1", "hello"));
    Script::new()
        .on(expect::all_message_updates(), [respond::no_updates("k0"), respond::message_updates(messages, "k1")])
        .on(expect::subscribe_reactions(), [respond::subscription("s1", "k0")])
        .on(expect::reaction_updates(), [respond::reaction_updates([sample::reaction("r1", "m1", "c1", "ok")], "k1")])
}

/// Returns the set of both feeds of a client, whose type has them in no trait.
macro_rules! both_feeds {
    ($client:expr) => {{
        let (client, mut set) = (&$client, FeedSet::<&'static str, AnyFeed>::new());
        let messages = client.chats().new_messages(None).into_feed();
        let reactions = client.chats().reaction_updates(None).into_feed();
        set.insert("messages", Box::new(MapItem::new(messages, ChatEvent::Message)));
        set.insert("reactions", Box::new(MapItem::new(reactions, ChatEvent::Reaction)));
        set
    }};
}

/// Checks the events until the end.
fn check(script: &Script, mut next: impl FnMut() -> Delivered) {
    let mut delivered: BTreeMap<_, Vec<String>> = BTreeMap::new();
    while let Some((key, event)) = next() {
        let FeedSetEvent::Event(event) = event else { panic!("{key}: {event:?}") };
        assert!(event.checkpoint().is_some());
        match event.into_item() {
            Some(ChatEvent::Message(message)) => delivered.entry(key).or_default().push(message.mid.to_string()),
            Some(ChatEvent::Reaction(it)) => delivered.entry(key).or_default().push(it.reaction_id.to_string()),
            other => assert!(other.is_none(), "{key}: {other:?}"),
        }
    }
    let expected = [("messages", vec!["m1".to_owned(), "m2".to_owned()]), ("reactions", vec!["r1".to_owned()])];
    assert_eq!(delivered, BTreeMap::from(expected));
    script.assert_done();
}

#[test]
fn threads_drive_feeds_of_different_kinds() {
    let script = script();
    let client = teamwire_blocking::scripted(&script);
    let mut drive = client.executor().drive(both_feeds!(client), 1).expect("the system has room for the thread");
    check(&script, || drive.next());
}

#[test]
fn task_drives_feeds_of_different_kinds() {
    let script = script();
    let client: teamwire_async_std::Client<AsyncStdRuntime> = scripted_on(&script);
    let mut drive = client.executor().drive(both_feeds!(client));
    check(&script, || async_std::task::block_on(drive.next()));
}
