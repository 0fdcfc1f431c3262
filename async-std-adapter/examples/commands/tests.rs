use teamwire_async_std::{
    Checkpoint, Error, Script, StateFile,
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
    scripted_on, serde_json,
};
use teamwire_test_support::Folder;

use crate::bot::Bot;

/// A message of Anna.
fn said(mid: &str, tid: &str, text: &str) -> serde_json::Value {
    let mut message = sample::message(mid, tid, text);
    message["from_user"] = sample::user("u-anna", "Anna", "Berg");
    message
}

fn run(script: &Script, folder: &Folder) -> Result<Option<Checkpoint>, Error> {
    let file = StateFile::new(folder.path("state"));
    smol::block_on(Bot::new(scripted_on(script), file.clone()).run())?;
    file.load()
}

#[test]
fn chats_are_served_although_the_post_to_one_fails_for_minutes() -> Result<(), Error> {
    let folder = Folder::new();
    let commands = [said("m1", "c1", "!help"), said("m2", "c2", "!where"), said("m3", "c1", "!nonsense")];
    let posted = || respond::message(sample::message("m9", "c1", ""));
    let script = Script::new()
        .on(expect::all_message_updates(), [respond::no_updates("k0"), respond::message_updates(commands, "k1")])
        .on(
            expect::post("c1").reply_to("m1").idempotency_key("re-m1"),
            [Respond::timeout(), Respond::unreachable().times(4), posted()],
        )
        .on(expect::post("c1").reply_to("m3").idempotency_key("re-m3"), [posted()])
        .on(expect::post("c2").text("The office").idempotency_key("re-m2"), [posted()]);
    let checkpoint = run(&script, &folder)?.expect("it was saved");
    script.assert_done();
    let of_last = script.requests().iter().rposition(|request| request.path() == "/v1/chats/c1/messages");
    assert_eq!(of_last, Some(script.requests().len() - 1), "the commands of a chat are handled in their order");

    // The next process resumes there, and handles nothing again.
    let next = Script::new().on(expect::all_message_updates().cursor("k1"), [respond::no_updates("k2")]);
    assert_eq!(run(&next, &folder)?, Some(checkpoint));
    next.assert_done();
    Ok(())
}

#[test]
fn mistakes_are_explained_and_other_messages_ignored() -> Result<(), Error> {
    let folder = Folder::new();
    let messages = [
        said("m1", "c1", "hello"),
        sample::message("m2", "c1", "!help"),
        said("m3", "c1", "!poll Tea?"),
        said("m4", "c1", " !poll Tea? | yes | no"),
        said("m5", "c1", "!file"),
    ];
    let posted = || respond::message(sample::message("m9", "c1", ""));
    let script = Script::new()
        .on(expect::all_message_updates(), [respond::no_updates("k0"), respond::message_updates(messages, "k1")])
        .then(expect::post("c1").reply_to("m3"), posted())
        .then(expect::post("c1").reply_to("m4").text("Please vote."), posted())
        .then(
            expect::upload().file_name("help.txt"),
            respond::uploaded(sample::asset("a1", "help.txt", "text/plain", 9)),
        )
        .then(expect::post("c1").reply_to("m5").text("The commands"), posted());
    run(&script, &folder)?;
    script.assert_done();
    let explained = script.requests()[2].json().expect("a post");
    assert!(explained["msg"].as_str().is_some_and(|text| text.contains("option")), "{explained}");
    Ok(())
}

#[test]
fn rejected_response_does_not_end_the_bot() -> Result<(), Error> {
    let folder = Folder::new();
    let commands = [said("m1", "c1", "!help"), said("m2", "c2", "!help")];
    let script = Script::new()
        .on(expect::all_message_updates(), [respond::no_updates("k0"), respond::message_updates(commands, "k1")])
        .on(expect::post("c1"), [respond::forbidden()])
        .on(expect::post("c2"), [respond::message(sample::message("m9", "c2", ""))]);
    assert!(run(&script, &folder)?.is_some());
    script.assert_done();
    Ok(())
}
