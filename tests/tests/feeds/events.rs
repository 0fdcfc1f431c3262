//! The feed of all events.

use teamwire_core::{
    Client, Config, Credentials, ErrorKind, FeedEvent, Script,
    model::ChatEvent,
    script::v1::{expect, respond, sample},
};

use crate::support::checkpoint;

fn script(hides_deleted: bool) -> Script {
    let credentials = Credentials::new("script", "no secret at all").expect("they are good");
    let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
    let mut message = sample::message("m1", "c1", "hello");
    (message["deleted"], message["msg"]) = (true.into(), serde_json::Value::Null);
    let events = [sample::event("message", message), sample::message_deleted("m1", "c1")];
    Script::with_config(config.with_hide_deleted_messages(hides_deleted))
        .on(expect::subscribe_events(), [respond::subscription("s1", "k0")])
        .on(expect::event_updates().cursor("k0"), [respond::event_updates(events, "k1")])
}

#[test]
fn deleted_messages_can_be_hidden_and_their_deletion_is_not() {
    for (hides_deleted, expected) in [(true, &["deleted m1"][..]), (false, &["m1", "deleted m1"])] {
        let script = script(hides_deleted);
        let events = Client::new(script.clone()).chats().events(None);
        let items = events.filter_map(|event| event.expect("the script has it").into_item());
        let delivered: Vec<_> = items
            .map(|event| match event {
                ChatEvent::Message(message) => message.mid.to_string(),
                ChatEvent::Deleted(deleted) => format!("deleted {}", deleted.mid),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(delivered, expected);
        script.assert_done();
    }
}

#[test]
fn checkpoint_belongs_to_the_feed() {
    let events = Client::new(script(true)).chats().events(None).next();
    let Some(Ok(FeedEvent::Started(started))) = events else { panic!("{events:?}") };
    let json = serde_json::to_value(&started).expect("it is JSON");
    assert_eq!((json["feed"].as_str(), json.get("chat")), (Some("events"), None));
    let foreign = Client::new(Script::new()).chats().events(checkpoint("all_messages", None, 1)).next();
    let error = foreign.expect("it ends with an error").expect_err("the checkpoint is that of another feed");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
