//! Changes whose response contains nothing: then the chat is fetched.

use teamwire_core::{
    Chat, Client, Draft, ErrorKind,
    model::{ChatType, Coordinates, LiveLocation, ShareDuration},
    script::{Expect, Respond, Script, sample},
};
use teamwire_tests::TokenProtocol;

use crate::support::{POST, config, posted};

const SILENT: TokenProtocol =
    TokenProtocol { posts_once: false, returns_nothing: true, without_login: true, encloses_files: false };

fn script() -> Script {
    Script::with_config(config(SILENT))
}

fn changed(script: Script) -> Script {
    script.then(Expect::post("/v1/chats/c1/change"), Respond::status(204))
}

fn fetched(script: Script, title: &str) -> Script {
    script.then(Expect::get("/v1/chats/c1"), Respond::json(200, sample::chat("c1", title)))
}

/// Failures to fetch the chat, with their number of attempts.
fn failures() -> [(Respond, usize); 6] {
    [
        (Respond::problem(404, "not_found"), 1),
        (Respond::problem(403, "auth"), 1),
        (Respond::json(200, sample::json(r#"{"title": "without an id"}"#)), 1),
        (Respond::status(204), 1),
        (Respond::connection_lost(), 4),
        (Respond::status(503), 4),
    ]
}

/// Scripts of a change after which the chat cannot be fetched; before it, `begin` is expected.
fn failing(begin: impl Fn() -> Script) -> impl Iterator<Item = (Script, String)> {
    failures().into_iter().map(move |(failure, times)| {
        let fetch = || Expect::get("/v1/chats/c1");
        let script = (0..times).fold(changed(begin()), |script, _| script.then(fetch(), failure.clone()));
        (script, format!("{failure:?}"))
    })
}

#[test]
fn chat_is_fetched_after_the_change() {
    let script = fetched(changed(script()), "new");
    let client = Client::new(script.clone());
    let chat = client.chats().chat("c1").update_title("new").expect("it is changed");
    assert_eq!((chat.title(), chat.is_outdated()), ("new", false));
    script.assert_done();
}

#[test]
fn change_stands_although_the_chat_cannot_be_fetched() {
    for (script, case) in failing(script) {
        let client = Client::new(script.clone());
        let chat = client.chats().chat("c1").update_title("new").unwrap_or_else(|error| panic!("{case}: {error}"));
        assert!(chat.is_outdated(), "{case}");
        assert_eq!((chat.tid().as_str(), chat.title()), ("c1", ""));
        assert!(matches!(chat.chat_type(), ChatType::Unknown(_)), "nothing is known but the id");
        script.assert_done();
    }
}

#[test]
fn snapshot_keeps_its_data_until_it_is_fetched() {
    let script = fetched(script(), "old");
    let script = changed(script).then(Expect::get("/v1/chats/c1"), Respond::problem(403, "auth"));
    let script = script.then(Expect::post("/v1/chats/c1/change"), Respond::problem(403, "auth"));
    let script = fetched(changed(script), "newer");
    let client = Client::new(script.clone());
    let mut chat: Chat<_> = client.chats().by_thread_id("c1").expect("it is fetched").expect("there is one");
    assert!(!chat.is_outdated());
    chat.update_title("new").expect("it is changed");
    assert_eq!((chat.title(), chat.is_outdated()), ("old", true));
    chat.update_title("newer").expect_err("it is refused");
    assert_eq!((chat.title(), chat.is_outdated()), ("old", true), "a refusal says nothing new");
    chat.update_title("newer").expect("it is changed");
    assert_eq!((chat.title(), chat.is_outdated()), ("newer", false));
    script.assert_done();
}

#[test]
fn failed_change_fetches_nothing() {
    let script = script().then(Expect::post("/v1/chats/c1/change"), Respond::problem(403, "auth"));
    let error = Client::new(script.clone()).chats().chat("c1").close().expect_err("it is refused");
    assert_eq!(error.kind(), ErrorKind::Auth);
    script.assert_done();
}

#[test]
fn closed_and_left_chats_have_no_location_share() {
    let live = || {
        let place = Coordinates::new(1.0, 2.0).expect("it is a place");
        Draft::text("here").attach(LiveLocation::new(place, ShareDuration::QuarterHour))
    };
    let shared = || script().then(Expect::post(POST), posted());
    for (script, case) in failing(shared) {
        let client = Client::new(script.clone());
        client.chats().chat("c1").post(live()).expect("it is posted");
        assert!(client.chats().has_location_sharing_active_chats());
        let chat = client.chats().chat("c1").close().expect("it is closed");
        assert!(chat.is_outdated(), "{case}");
        assert!(!client.chats().has_location_sharing_active_chats(), "{case}");
        script.assert_done();
    }
    let script = shared().then(Expect::post("/v1/chats/c1/leave"), Respond::status(204));
    let client = Client::new(script.clone());
    client.chats().chat("c1").post(live()).expect("it is posted");
    client.chats().chat("c1").leave().expect("it has left");
    assert!(!client.chats().has_location_sharing_active_chats());
    script.assert_done();
}
