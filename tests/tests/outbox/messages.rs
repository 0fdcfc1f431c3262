//! Messages of an outbox, and their file.

use std::{fs, path::Path};

use teamwire_blocking::{
    ErrorKind, Outbox, Script,
    script::v1::{expect, respond, sample},
    scripted,
};
use teamwire_test_support::Folder;

use super::{add, data, open};

/// Posts what waits, in the chat `c1`.
fn post(outbox: &Outbox<u32>) {
    let posted = respond::message(sample::message("m1", "c1", ""));
    let count = u32::try_from(outbox.messages().waiting()).expect("they are few");
    let script = Script::new().then(expect::post("c1"), posted.times(count));
    outbox.deliver(&scripted(&script), |_, _, outcome| assert!(outcome.is_ok())).expect("they are posted");
}

fn keys(data: &[(&str, u32)]) -> Vec<(String, u32)> {
    data.iter().map(|(key, data)| ((*key).to_owned(), *data)).collect()
}

#[test]
fn posted_messages_are_removed_when_they_are_not_needed() {
    let folder = Folder::new();
    let outbox = open(&folder);
    for (key, data) in [("a", 1), ("b", 2)] {
        outbox.change(|messages| messages.add_with(key, "c1", "hello", data)).expect("saved");
    }
    post(&outbox);
    outbox
        .change(|messages| {
            messages.add_with("c", "c1", "hello", 1);
            messages.retain(|entry| entry.key == "a" && entry.data == Some(&2));
        })
        .expect("saved");
    assert_eq!(data(&open(&folder)), keys(&[("c", 1)]), "what waits is kept");
    assert!(outbox.change(|messages| messages.remove("c")).expect("saved"));
    assert!(!outbox.change(|messages| messages.remove("c")).expect("there is nothing to save"));
    assert_eq!(data(&open(&folder)), []);
}

#[test]
fn data_of_a_message_is_saved_with_it() {
    let folder = Folder::new();
    let outbox = open(&folder);
    outbox.change(|messages| messages.add_with("a", "c1", "hello", 1)).expect("saved");
    outbox
        .change(|messages| {
            messages.update("a", |data| *data = 2);
            messages.update("b", |_| panic!("there is no such message"));
        })
        .expect("saved");
    post(&outbox);
    outbox.change(|messages| messages.update("a", |data| *data += 1)).expect("saved");
    assert_eq!((data(&open(&folder)), data(&outbox)), (keys(&[("a", 3)]), keys(&[("a", 3)])));
    let saved: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path("outbox")).expect("it is there")).expect("it is JSON");
    let posted = serde_json::json!({ "mid": "m1", "sent_at": "2026-01-01T00:00:00Z", "is_attention": false });
    let form =
        serde_json::json!({ "messages": [{ "key": "a", "chat": "c1", "post": { "posted": posted }, "data": 3 }] });
    assert_eq!(saved, form);
}

/// So a webhook that is repeated after a failure is not confirmed before it is saved.
#[test]
fn change_that_cannot_be_saved_is_not_made() {
    let folder = Folder::new();
    let (path, outbox) = (folder.path("outbox"), open(&folder));
    outbox.change(|messages| messages.add_with("a", "c1", "hello", 1)).expect("saved");
    fs::rename(&path, folder.path("moved")).expect("it is there");
    outbox.change(|messages| messages.update("a", |data| *data = 1)).expect("there is nothing to save");
    assert!(!Path::new(&path).exists(), "a change that makes no difference is not written");
    fs::create_dir(&path).expect("nothing is in the way");
    for _ in 0..2 {
        let error = outbox.change(|messages| messages.add_with("b", "c1", "hello", 2)).expect_err("it is a folder");
        assert_eq!((error.kind(), data(&outbox)), (ErrorKind::File, keys(&[("a", 1)])));
    }
    assert!(Outbox::<u32>::open(&path).is_err(), "a file that cannot be read is not an empty outbox");
    fs::remove_dir(&path).expect("it is empty");
    assert!(outbox.change(|messages| messages.add_with("b", "c1", "hello", 3)).expect("saved"));
    assert_eq!(data(&open(&folder)), keys(&[("a", 1), ("b", 3)]));
}

#[test]
fn several_changes_are_saved_together_and_read_afterwards() {
    let folder = Folder::new();
    let outbox = open(&folder);
    outbox.change(|messages| messages.add_with("a", "c1", "hello", 1)).expect("saved");
    let (before, saved) = (outbox.messages(), fs::read(folder.path("outbox")).expect("it was saved"));
    let is_new = outbox.change(|messages| {
        messages.update("a", |data| *data = 2);
        assert!(messages.remove("a"));
        assert_eq!(fs::read(folder.path("outbox")).expect("it is there"), saved, "nothing is saved yet");
        messages.add_with("b", "c1", "hello", 3)
    });
    assert!(is_new.expect("saved"));
    assert_eq!((data(&outbox), data(&open(&folder))), (keys(&[("b", 3)]), keys(&[("b", 3)])));
    assert_eq!(before.entry("a").and_then(|entry| entry.data), Some(&1), "it is of its moment");
}

#[test]
fn reply_is_posted_after_its_message_and_refers_to_it() {
    let folder = Folder::new();
    let outbox = open(&folder);
    outbox
        .change(|messages| {
            messages.add_with("a", "c1", "Pump 3 is down", 1);
            assert!(messages.add_reply("a/up", "a", "Pump 3 is up"));
            assert!(!messages.add_reply("a/up", "a", "Pump 3 is up"), "the key is known");
            assert!(!messages.add_reply("b/up", "b", "Pump 4 is up"), "there is no such message");
        })
        .expect("saved");
    let message = |mid: &str| respond::message(sample::message(mid, "c1", ""));
    let script = Script::new()
        .then(expect::post("c1").text("Pump 3 is down"), message("m1"))
        .then(expect::post("c1").reply_to("m1"), respond::unavailable(1_000));
    let client = scripted(&script).with_retry(teamwire_blocking::config::RetryPolicy::NEVER);
    let delivery = outbox.deliver(&client, |_, _, _| {}).expect("the reply waits");
    assert_eq!(delivery.retry_after.map(|time| time.as_secs()), Some(1_000), "the server has asked for it");
    script.assert_done();

    // The draft has the id even if the message is not known any more.
    let outbox = open(&folder);
    outbox.change(|messages| messages.remove("a")).expect("saved");
    let script = Script::new()
        .then(expect::post("c1").reply_to("m1"), message("m2"))
        .then(expect::post("c1").reply_to("m2"), message("m3"));
    let client = scripted(&script);
    outbox.deliver(&client, |_, _, _| {}).expect("it is posted");
    assert!(outbox.change(|messages| messages.add_reply("a/late", "a/up", "Really")).expect("saved"));
    open(&folder).deliver(&client, |_, _, _| {}).expect("it is posted");
    script.assert_done();
}

#[test]
fn replies_to_a_message_that_is_removed_are_rejected() {
    let folder = Folder::new();
    let outbox = open(&folder);
    add(&outbox, "b", "c1");
    outbox
        .change(|messages| {
            assert!(messages.add_reply("b/1", "b", "hello") && messages.add_reply("b/2", "b/1", "hello"));
            assert!(messages.remove("b"));
        })
        .expect("saved");
    let messages = open(&folder).messages();
    let rejected: Vec<_> = messages.iter().filter(|entry| entry.is_rejected).map(|entry| entry.key).collect();
    assert_eq!((rejected, messages.waiting()), (vec!["b/1", "b/2"], 0));
}

#[test]
fn data_that_is_null_is_not_missing() {
    let folder = Folder::new();
    let outbox: Outbox<Option<u32>> = Outbox::open(folder.path("outbox")).expect("it is empty");
    outbox
        .change(|messages| {
            messages.add_with("a", "c1", "hello", None);
            messages.add("b", "c1", "hello");
        })
        .expect("saved");
    let outbox: Outbox<Option<u32>> = Outbox::open(folder.path("outbox")).expect("it can be read");
    assert_eq!(outbox.messages().iter().map(|entry| entry.data).collect::<Vec<_>>(), [Some(&None), None]);
}

/// As of a group of alerts.
const ANY_TEXT: &str = r#"{}/{severity="critical"}:{alertname="Die Festplatte läuft voll"}"#;

#[test]
fn key_is_any_text() {
    let outbox = Outbox::in_memory();
    for key in [ANY_TEXT, "", "k"] {
        assert!(outbox.change(|messages| messages.add(key, "c1", "The disk is full")).expect("saved"));
    }
    post(&outbox);
    assert!(outbox.messages().iter().all(|entry| entry.mid.is_some()));
    assert!(outbox.messages().entry(ANY_TEXT).is_some());
}

#[test]
fn draft_of_a_message_is_known_until_it_is_posted() {
    let outbox = Outbox::in_memory();
    outbox.change(|messages| messages.add_with("a", "c1", "hello", 1)).expect("saved");
    let draft = |outbox: &Outbox<u32>| outbox.messages().entry("a").and_then(|it| it.draft.cloned());
    let waiting = draft(&outbox).expect("it waits");
    assert_eq!((waiting.text.as_deref(), waiting.idempotency_key.as_deref()), (Some("hello"), Some("a")));
    post(&outbox);
    assert_eq!(draft(&outbox), None);
}

#[test]
fn debug_output_has_no_texts() {
    let folder = Folder::new();
    let outbox = open(&folder);
    outbox.change(|messages| messages.add_with("a", "c1", "confidential", 1)).expect("saved");
    let messages = outbox.messages();
    let shown = format!("{outbox:?} {:?}", messages.entry("a"));
    assert!(shown.contains("waiting: 1") && !shown.contains("confidential"), "{shown}");
}
