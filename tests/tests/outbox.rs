//! Messages that are posted once, across crashes.

use std::{error::Error as StdError, fs, path::Path, time::Duration};

use teamwire_async_std::AsyncStdRuntime;
use teamwire_blocking::{
    AlertType, Client, Draft, Error, ErrorKind, Outbox, OutboxEntry, Script, Waiting,
    config::RetryPolicy,
    model::MessageId,
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
    scripted,
};
use teamwire_test_support::Folder;
use teamwire_testing::{World, org};

const MINUTE: Duration = Duration::from_secs(60);

fn open(folder: &Folder) -> Outbox<u32> {
    Outbox::open(folder.path("outbox")).expect("it can be read")
}

fn mid<'outbox>(outbox: &'outbox Outbox<u32>, key: &str) -> Option<&'outbox MessageId> {
    outbox.entry(key).and_then(|entry| entry.mid)
}

fn data(outbox: &Outbox<u32>) -> Vec<(&str, u32)> {
    outbox.iter().map(|entry| (entry.key, entry.data.copied().unwrap_or_default())).collect()
}

/// Posts what waits, and returns the keys.
fn deliver(client: &Client, outbox: &mut Outbox<u32>) -> Result<Vec<String>, Error> {
    let mut keys = Vec::new();
    while let Some(Waiting { key, chat, draft }) = outbox.next_waiting() {
        let message = client.chats().chat(chat).post(draft)?;
        outbox.posted(&key, &message)?;
        keys.push(key);
    }
    Ok(keys)
}

/// The first process is killed after the post, the second one before its first request, and the third one learns the
/// id.
#[test]
fn message_posted_before_a_crash_is_not_posted_again_and_its_id_is_known() {
    let (world, folder) = (World::new(7), Folder::new());
    let client = world.blocking();
    let mut outbox = open(&folder);
    assert!(
        outbox
            .add_with("alarm-7", org::LOBBY, Draft::text("Pump 3 is down").alert(AlertType::Alert), 7)
            .expect("saved")
    );
    let Waiting { chat, draft, .. } = outbox.next_waiting().expect("it waits");
    let posted = client.chats().chat(chat).post(draft).expect("the server works");
    drop(outbox);

    let mut outbox = open(&folder);
    let entry = OutboxEntry {
        key: "alarm-7",
        chat: &org::LOBBY.into(),
        mid: None,
        sent_at: None,
        is_rejected: false,
        data: Some(&7),
    };
    assert_eq!((outbox.waiting(), outbox.entry("alarm-7")), (1, Some(entry)));
    assert!(!outbox.add_with("alarm-7", org::LOBBY, "Pump 3 is down", 8).expect("there is nothing to save"));
    drop(outbox);

    let mut outbox = open(&folder);
    // Its server loses the response as well.
    world.whenever_posted(|world, _| world.down_for(MINUTE));
    let patient = client.with_retry(RetryPolicy::within(10 * MINUTE));
    outbox.add("note", org::LOBBY, "Pump 3 is up").expect("saved");
    assert_eq!(deliver(&patient, &mut outbox).expect("the server recovers"), ["alarm-7", "note"]);
    for outbox in [&outbox, &open(&folder)] {
        assert_eq!(mid(outbox, "alarm-7"), Some(&posted.mid));
        assert_eq!((outbox.entry_of(&posted.mid), outbox.waiting()), (outbox.entry("alarm-7"), 0));
    }
    let texts = ["Pump 3 is down", "Pump 3 is up"].map(|text| Some(text.to_owned()));
    assert_eq!(world.texts(org::LOBBY), texts);
}

#[test]
fn asynchronous_program_uses_the_same_outbox() {
    let (world, folder) = (World::new(7), Folder::new());
    let client = world.client::<AsyncStdRuntime>();
    for _ in 0..2 {
        let mut outbox = open(&folder);
        outbox.add("alarm-7", org::LOBBY, "Pump 3 is down").expect("saved");
        let mid = world.run(async {
            let Waiting { chat, draft, .. } = outbox.next_waiting().expect("it waits");
            client.chats().chat(chat).post(draft).await.expect("the server works").mid
        });
        assert_eq!(outbox.entry_of(&mid), None, "the process is killed before it knows the id");
    }
    let mut outbox = open(&folder);
    world.run(async {
        while let Some(Waiting { key, chat, draft }) = outbox.next_waiting() {
            let message = client.chats().chat(chat).post(draft).await.expect("the server works");
            outbox.posted(&key, &message).expect("saved");
        }
    });
    assert!(mid(&open(&folder), "alarm-7").is_some());
    assert_eq!(world.texts(org::LOBBY).len(), 1);
}

#[test]
fn messages_keep_their_order_until_they_are_posted_or_removed() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    for (key, chat) in [("a", "c1"), ("b", "closed"), ("c", "c1")] {
        outbox.add(key, chat, key).expect("saved");
    }
    let post = |chat: &str, text: &str, respond| Script::new().then(expect::post(chat).text(text), respond);
    let message = |mid: &str| respond::message(sample::message(mid, "c1", ""));
    let script = Script::new();
    script.down_for(MINUTE);
    let failed = deliver(&scripted(&script), &mut outbox).expect_err("there is no network");
    assert_eq!((failed.kind(), outbox.waiting()), (ErrorKind::Connection, 3));

    let script = post("c1", "a", message("m1")).then(expect::post("closed"), respond::closed_chat());
    let rejected = deliver(&scripted(&script), &mut outbox).expect_err("the chat is closed");
    assert_eq!((rejected.kind(), outbox.waiting()), (ErrorKind::Conflict, 2));
    script.assert_done();
    assert!(outbox.remove("b").expect("saved"));
    assert!(!outbox.remove("b").expect("there is nothing to save"));

    let script = post("c1", "c", message("m3"));
    assert_eq!(deliver(&scripted(&script), &mut open(&folder)).expect("it is posted"), ["c"]);
    let key = script.requests()[0].header("idempotency-key").map(str::to_owned);
    assert_eq!(key.as_deref(), Some("c"));
    let outbox = open(&folder);
    assert_eq!(data(&outbox), [("a", 0), ("c", 0)]);
    assert_eq!(outbox.entry_of(&"m3".into()).map(|entry| entry.key), Some("c"));
}

#[test]
fn posted_messages_are_removed_when_they_are_not_needed() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    for (key, data) in [("a", 1), ("b", 2)] {
        outbox.add_with(key, "c1", "hello", data).expect("saved");
    }
    let posted = respond::message(sample::message("m1", "c1", ""));
    deliver(&scripted(&Script::new().then(expect::post("c1"), posted.times(2))), &mut outbox).expect("they are posted");
    outbox.add_with("c", "c1", "hello", 1).expect("saved");
    outbox.retain(|entry| entry.key == "a" && entry.data == Some(&2)).expect("saved");
    assert_eq!(data(&open(&folder)), [("c", 1)], "what waits is kept");
}

#[test]
fn data_of_a_message_is_saved_with_it() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    outbox.add_with("a", "c1", "hello", 1).expect("saved");
    outbox.update("a", |data| *data = 2).expect("saved");
    outbox.update("b", |_| panic!("there is no such message")).expect("there is nothing to save");
    let client = scripted(&Script::new().then(expect::post("c1"), respond::message(sample::message("m1", "c1", ""))));
    deliver(&client, &mut outbox).expect("it is posted");
    outbox.update("a", |data| *data += 1).expect("saved");
    assert_eq!((data(&open(&folder)), data(&outbox)), (vec![("a", 3)], vec![("a", 3)]));
    let saved: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path("outbox")).expect("it is there")).expect("it is JSON");
    let posted = serde_json::json!({ "mid": "m1", "sent_at": "2026-01-01T00:00:00Z" });
    let form = serde_json::json!([{ "key": "a", "chat": "c1", "post": { "posted": posted }, "data": 3 }]);
    assert_eq!(saved, form);
}

#[test]
fn change_that_cannot_be_saved_is_not_made() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    outbox.add_with("a", "c1", "hello", 1).expect("saved");
    let path = folder.path("outbox");
    fs::remove_file(&path).expect("it is there");
    fs::create_dir(&path).expect("nothing is in the way");
    for error in
        [outbox.add_with("b", "c1", "hello", 2).expect_err("it is a folder"), outbox.remove("a").expect_err("alike")]
    {
        assert_eq!(error.kind(), ErrorKind::File);
    }
    assert_eq!(data(&outbox), [("a", 1)]);
    assert!(Outbox::<u32>::open(&path).is_err(), "a file that cannot be read is not an empty outbox");
}

#[test]
fn reply_is_posted_after_its_message_and_refers_to_it() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    outbox.add_with("a", "c1", "Pump 3 is down", 1).expect("saved");
    assert!(outbox.add_reply("a/up", "a", "Pump 3 is up").expect("saved"));
    assert!(!outbox.add_reply("a/up", "a", "Pump 3 is up").expect("there is nothing to save"));
    assert!(!outbox.add_reply("b/up", "b", "Pump 4 is up").expect("there is nothing to save"));
    let message = |mid: &str| respond::message(sample::message(mid, "c1", ""));
    let script = Script::new().then(expect::post("c1"), message("m1")).then(expect::post("c1"), Respond::status(503));
    let client = scripted(&script).with_retry(RetryPolicy::NEVER);
    deliver(&client, &mut outbox).expect_err("the server fails");

    // The draft has the id even if the message is not known any more.
    let mut outbox = open(&folder);
    outbox.remove("a").expect("saved");
    let Waiting { key, chat, draft } = outbox.next_waiting().expect("the reply waits");
    assert_eq!((key.as_str(), chat.as_str(), draft.reply_to), ("a/up", "c1", Some("m1".into())));
    deliver(&scripted(&Script::new().then(expect::post("c1"), message("m2"))), &mut outbox).expect("it is posted");
    assert!(outbox.add_reply("a/late", "a/up", "Really").expect("saved"));
    let late = open(&folder).next_waiting().expect("it waits");
    assert_eq!(late.draft.reply_to, Some("m2".into()), "the id was known before");
}

#[test]
fn rejected_message_blocks_nothing_and_is_not_added_again() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    for key in ["a", "b", "c"] {
        outbox.add(key, "c1", "hello").expect("saved");
    }
    for (key, to_key) in [("a/1", "a"), ("a/2", "a/1"), ("b/1", "b"), ("c/1", "c")] {
        outbox.add_reply(key, to_key, "hello").expect("saved");
    }
    outbox.rejected("a").expect("saved");
    outbox.remove("b").expect("saved");
    outbox.rejected("b").expect("there is nothing to save");

    let mut outbox = open(&folder);
    let rejected: Vec<_> = outbox.iter().filter(|entry| entry.is_rejected).map(|entry| entry.key).collect();
    assert_eq!(rejected, ["a", "a/1", "a/2", "b/1"]);
    assert!(!outbox.add("a", "c1", "hello").expect("there is nothing to save"));
    assert!(!outbox.add_reply("a/3", "a", "hello").expect("there is nothing to save"));
    let posted = respond::message(sample::message("m1", "c1", ""));
    let client = scripted(&Script::new().then(expect::post("c1"), posted.times(2)));
    assert_eq!(deliver(&client, &mut outbox).expect("they are posted"), ["c", "c/1"]);
    outbox.rejected("c").expect("there is nothing to save");
    assert!(mid(&outbox, "c").is_some(), "it was posted");
    outbox.retain(|entry| !entry.is_rejected).expect("saved");
    assert_eq!(data(&open(&folder)), [("c", 0), ("c/1", 0)]);
}

#[test]
fn several_changes_are_saved_together_or_not_at_all() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    outbox.add_with("a", "c1", "hello", 1).expect("saved");
    let saved = fs::read(folder.path("outbox")).expect("it was saved");
    let add = |outbox: &mut Outbox<u32>| {
        outbox.update("a", |data| *data = 2)?;
        outbox.remove("a")?;
        assert_eq!(fs::read(folder.path("outbox")).expect("it is there"), saved, "nothing is saved yet");
        outbox.add_with("b", "c1", "hello", 3)
    };
    let failed = outbox.change(|outbox| {
        add(outbox)?;
        Err::<(), Box<dyn StdError>>("no".into())
    });
    assert_eq!(failed.expect_err("the closure fails").to_string(), "no");
    assert_eq!((data(&outbox), data(&open(&folder))), (vec![("a", 1)], vec![("a", 1)]));
    assert!(outbox.change(add).expect("saved"));
    assert_eq!((data(&outbox), data(&open(&folder))), (vec![("b", 3)], vec![("b", 3)]));
}

/// So a webhook that is repeated after a failure is not confirmed before it is saved.
#[test]
fn state_that_could_not_be_saved_is_saved_by_the_next_call() {
    let folder = Folder::new();
    let path = folder.path("outbox");
    let mut outbox = open(&folder);
    outbox.add_with("a", "c1", "hello", 1).expect("saved");
    fs::rename(&path, folder.path("moved")).expect("it is there");
    outbox.update("a", |data| *data = 1).expect("there is nothing to save");
    assert!(!Path::new(&path).exists(), "a change that makes no difference is not written");
    fs::create_dir(&path).expect("nothing is in the way");
    outbox.update("a", |data| *data = 2).expect_err("it is a folder");
    outbox.update("a", |data| *data = 2).expect_err("it is not saved yet");
    outbox.change(|outbox| outbox.add_with("a", "c1", "hello", 3)).expect_err("it is not saved yet");
    fs::remove_dir(&path).expect("it is empty");
    assert!(!outbox.add_with("a", "c1", "hello", 3).expect("saved"));
    assert_eq!(data(&open(&folder)), [("a", 2)]);
}

#[test]
fn data_that_is_null_is_not_missing() {
    let folder = Folder::new();
    let mut outbox: Outbox<Option<u32>> = Outbox::open(folder.path("outbox")).expect("it is empty");
    outbox.add_with("a", "c1", "hello", None).expect("saved");
    outbox.add("b", "c1", "hello").expect("saved");
    let outbox: Outbox<Option<u32>> = Outbox::open(folder.path("outbox")).expect("it can be read");
    assert_eq!(outbox.iter().map(|entry| entry.data).collect::<Vec<_>>(), [Some(&None), None]);
}

/// As of a group of alerts.
const ANY_TEXT: &str = r#"{}/{severity="critical"}:{alertname="Die Festplatte läuft voll"}"#;

#[test]
fn outcome_of_a_post_is_saved_whatever_the_key() {
    let (world, mut outbox) = (World::new(7), Outbox::<u32>::in_memory());
    let client = world.blocking().with_retry(RetryPolicy::NEVER);
    for (key, chat) in [(ANY_TEXT, org::LOBBY), ("", "another chat"), ("k", org::LOBBY)] {
        outbox.add(key, chat, "The disk is full").expect("saved");
    }
    let post = |outbox: &mut Outbox<u32>| {
        let Waiting { key, chat, draft } = outbox.next_waiting().expect("one waits");
        outbox.settle(&key, client.chats().chat(chat).post(draft))
    };
    world.down_for(MINUTE);
    assert!(post(&mut outbox).expect_err("it still waits").is_transient());
    client.sleep(MINUTE).expect("it is not stopped");
    let message = post(&mut outbox).expect("it is settled").expect("the server works");
    let entry = outbox.entry(ANY_TEXT).expect("it is in the outbox");
    assert_eq!((entry.mid, entry.sent_at), (Some(&message.mid), Some(message.sent_at)));
    let rejection = post(&mut outbox).expect("it is settled").expect_err("there is no such chat");
    assert_eq!(rejection.kind(), ErrorKind::NotFound);
    assert!(outbox.entry("").is_some_and(|entry| entry.is_rejected && entry.sent_at.is_none()));
    assert_eq!(outbox.next_waiting().map(|waiting| waiting.key).as_deref(), Some("k"));
}

#[test]
fn outbox_in_memory_has_no_file() {
    let mut outbox = Outbox::in_memory();
    outbox.change(|outbox| outbox.add_with("a", "c1", "hello", 1)).expect("there is no file");
    let client = scripted(&Script::new().then(expect::post("c1"), respond::message(sample::message("m1", "c1", ""))));
    assert_eq!(deliver(&client, &mut outbox).expect("it is posted"), ["a"]);
    assert!(mid(&outbox, "a").is_some());
}

#[test]
fn debug_output_has_no_texts() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    outbox.add_with("a", "c1", "confidential", 1).expect("saved");
    let shown = format!("{outbox:?}");
    assert!(shown.contains("waiting: 1") && !shown.contains("confidential"), "{shown}");
}
