//! Messages that are posted once, across crashes.

use std::{fs, time::Duration};

use teamwire_async_std::AsyncStdRuntime;
use teamwire_blocking::{
    AlertType, Client, Draft, Error, ErrorKind, Outbox, Script, Waiting,
    config::RetryPolicy,
    model::MessageId,
    script::v1::{expect, respond, sample},
    scripted,
};
use teamwire_test_support::Folder;
use teamwire_testing::{World, org};

const MINUTE: Duration = Duration::from_secs(60);

fn open(folder: &Folder) -> Outbox<u32> {
    Outbox::open(folder.path("outbox")).expect("it can be read")
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
        outbox.add("alarm-7", org::LOBBY, Draft::text("Pump 3 is down").alert(AlertType::Alert), 7).expect("saved")
    );
    let Waiting { chat, draft, .. } = outbox.next_waiting().expect("it waits");
    let posted = client.chats().chat(chat).post(draft).expect("the server works");
    drop(outbox);

    let mut outbox = open(&folder);
    assert_eq!((outbox.waiting(), outbox.mid("alarm-7"), outbox.get("alarm-7")), (1, None, Some(&7)));
    assert!(!outbox.add("alarm-7", org::LOBBY, "Pump 3 is down", 8).expect("there is nothing to save"));
    drop(outbox);

    let mut outbox = open(&folder);
    // Its server loses the response as well.
    world.whenever_posted(|world, _| world.down_for(MINUTE));
    let patient = client.with_retry(RetryPolicy::within(10 * MINUTE));
    outbox.add("note", org::LOBBY, "Pump 3 is up", 0).expect("saved");
    assert_eq!(deliver(&patient, &mut outbox).expect("the server recovers"), ["alarm-7", "note"]);
    for outbox in [&outbox, &open(&folder)] {
        assert_eq!(outbox.mid("alarm-7"), Some(&posted.mid));
        assert_eq!((outbox.key_of(&posted.mid), outbox.waiting()), (Some("alarm-7"), 0));
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
        outbox.add("alarm-7", org::LOBBY, "Pump 3 is down", 7).expect("saved");
        let mid = world.run(async {
            let Waiting { chat, draft, .. } = outbox.next_waiting().expect("it waits");
            client.chats().chat(chat).post(draft).await.expect("the server works").mid
        });
        assert_eq!(outbox.key_of(&mid), None, "the process is killed before it knows the id");
    }
    let mut outbox = open(&folder);
    world.run(async {
        while let Some(Waiting { key, chat, draft }) = outbox.next_waiting() {
            let message = client.chats().chat(chat).post(draft).await.expect("the server works");
            outbox.posted(&key, &message).expect("saved");
        }
    });
    assert!(open(&folder).mid("alarm-7").is_some());
    assert_eq!(world.texts(org::LOBBY).len(), 1);
}

#[test]
fn messages_keep_their_order_until_they_are_posted_or_removed() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    for (key, chat) in [("a", "c1"), ("b", "closed"), ("c", "c1")] {
        outbox.add(key, chat, key, 0).expect("saved");
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
    assert_eq!(outbox.remove("b").expect("saved"), Some(0));
    assert_eq!(outbox.remove("b").expect("there is nothing to save"), None);

    let script = post("c1", "c", message("m3"));
    assert_eq!(deliver(&scripted(&script), &mut open(&folder)).expect("it is posted"), ["c"]);
    let key = script.requests()[0].header("idempotency-key").map(str::to_owned);
    assert_eq!(key.as_deref(), Some("c"));
    let outbox = open(&folder);
    assert_eq!(outbox.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(outbox.key_of(&MessageId::from("m3")), Some("c"));
}

#[test]
fn posted_messages_are_removed_when_they_are_not_needed() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    for (key, data) in [("a", 1), ("b", 2)] {
        outbox.add(key, "c1", "hello", data).expect("saved");
    }
    let posted = respond::message(sample::message("m1", "c1", ""));
    deliver(&scripted(&Script::new().then(expect::post("c1"), posted.times(2))), &mut outbox).expect("they are posted");
    outbox.add("c", "c1", "hello", 1).expect("saved");
    outbox.retain(|key, data| key == "a" && *data == 2).expect("saved");
    assert_eq!(open(&folder).iter().collect::<Vec<_>>(), [("c", &1)], "what waits is kept");
}

#[test]
fn data_of_a_message_is_saved_with_it() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    outbox.add("a", "c1", "hello", 1).expect("saved");
    outbox.update("a", |data| *data = 2).expect("saved");
    outbox.update("b", |_| panic!("there is no such message")).expect("there is nothing to save");
    let client = scripted(&Script::new().then(expect::post("c1"), respond::message(sample::message("m1", "c1", ""))));
    deliver(&client, &mut outbox).expect("it is posted");
    outbox.update("a", |data| *data += 1).expect("saved");
    assert_eq!((open(&folder).get("a"), outbox.get("a")), (Some(&3), Some(&3)));
    let saved: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path("outbox")).expect("it is there")).expect("it is JSON");
    let form = serde_json::json!([{ "key": "a", "chat": "c1", "post": { "posted": "m1" }, "data": 3 }]);
    assert_eq!(saved, form);
}

#[test]
fn change_that_cannot_be_saved_is_not_made() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    outbox.add("a", "c1", "hello", 1).expect("saved");
    let path = folder.path("outbox");
    fs::remove_file(&path).expect("it is there");
    fs::create_dir(&path).expect("nothing is in the way");
    for error in
        [outbox.add("b", "c1", "hello", 2).expect_err("it is a folder"), outbox.remove("a").expect_err("alike")]
    {
        assert_eq!(error.kind(), ErrorKind::File);
    }
    assert_eq!(outbox.iter().collect::<Vec<_>>(), [("a", &1)]);
    assert!(Outbox::<u32>::open(&path).is_err(), "a file that cannot be read is not an empty outbox");
}

#[test]
fn debug_output_has_no_texts() {
    let folder = Folder::new();
    let mut outbox = open(&folder);
    outbox.add("a", "c1", "confidential", 1).expect("saved");
    let shown = format!("{outbox:?}");
    assert!(shown.contains("waiting: 1") && !shown.contains("confidential"), "{shown}");
}
