//! Expectations that are made by a protocol.

use std::panic::{AssertUnwindSafe, catch_unwind};

use http::{HeaderMap, HeaderValue};
use serde_json::json;
use teamwire_core::{
    Client, Config, Credentials, Draft, Error, Script,
    effect::{Body, Part},
    model::Upload,
    protocol::{Assets, Chats, Endpoint, FeedSource, Feeds, FilePart, Messages, PageRequest, Route, V1},
    script::{
        Expect, Respond,
        v1::{expect, respond, sample},
    },
};

use teamwire_protocols::Second;

use crate::{by_hand, first, is_expected};

/// Returns the message of the panic.
fn panic_of<T>(run: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).err().expect("it panics");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_request_matches_with_all_of_its_details() {
    let post = |draft: Draft| first(&mut *by_hand().chats().chat("c1").post(draft));
    let hello = || Expect::of(V1.post(&"c1".into(), &Draft::text("hello").idempotency_key("other"), &[]));
    assert!(is_expected(&post("hello".into()), hello()));
    assert!(is_expected(&post(Draft::text("hello").idempotency_key("k1")), hello()), "keys are not compared");
    assert!(!is_expected(&post("bye".into()), hello()));
    assert!(!is_expected(&post(Draft::text("hello").reply_to("m1")), hello()), "nothing else is accepted");
    assert!(is_expected(&post("bye".into()), hello().any_body()));
    assert!(is_expected(&post(Draft::text("bye").reply_to("m1")), hello().json(json!({ "msg": "bye" }))));
}

#[test]
fn a_form_matches_whatever_its_boundary() {
    let credentials = Credentials::new("bot", "a long password").expect("both are valid");
    let config = Config::new("https://chat.example", credentials).expect("the URL is valid");
    let login = Respond::status(200).header("set-cookie", "session=f3a9c17e5b; Path=/").body("application/json", "{}");
    let script = |text: &str| {
        Script::with_config(config.clone().with_protocol(Second::default()))
            .then(Expect::post("/api/login/"), login.clone())
            .then(Expect::of(Second::default().post(&"c1".into(), &Draft::text(text), &[])), Respond::status(404))
    };
    let posted = |script: Script| Client::new(script).chats().chat("c1").post("hello").map_err(|error| error.status());
    assert_eq!(posted(script("hello")), Err(Some(404)));
    assert!(panic_of(|| posted(script("bye"))).contains("in the body"));
}

#[test]
fn json_is_compared_by_content() {
    let post = first(&mut *by_hand().chats().chat("c1").post(Draft::text("hello").reply_to("m1")));
    let written = |body: &str| {
        let body = Body::from(body.as_bytes().to_vec());
        let route = Route::new("v1/chats/c1/messages");
        Expect::of(Ok::<_, Error>(Endpoint::post(route).body(body, HeaderValue::from_static("application/json"))))
    };
    assert!(is_expected(&post, written(r#"{ "reply_to": "m1", "msg": "hello" }"#)));
    assert!(!is_expected(&post, written(r#"{ "reply_to": "m1" }"#)));
    assert!(!is_expected(&post, written(r#"{ "reply_to": "m1", "msg": "hello", "more": 1 }"#)));
    assert!(!is_expected(&post, written("hello")));
}

#[test]
fn the_query_matches_completely() {
    let [all, titled] = [by_hand().chats().list(), by_hand().chats().by_title("Ward 3")].map(|mut it| first(&mut *it));
    let chats = || Expect::of(V1.chats(PageRequest::FIRST));
    assert!(is_expected(&all, chats()));
    assert!(!is_expected(&titled, chats()), "a parameter more is another operation");
    assert!(is_expected(&titled, chats().query("title", "Ward 3")));
    assert!(is_expected(&titled, chats().any_query("title")) && is_expected(&all, chats().any_query("title")));
    assert!(!is_expected(&all, Expect::of(V1.chats(PageRequest::new(None, 7)))));
    assert!(is_expected(&all, Expect::of(V1.chats(PageRequest::new(None, 7))).any_query("limit")));
}

#[test]
fn other_bodies_are_compared_by_their_bytes() {
    let upload = |text: &str| Draft::new().attach(Upload::from_bytes("plan.txt", text));
    let calm = FilePart::new("plan.txt", "text/plain", Part::bytes(b"stay calm".to_vec()));
    let sent = |text: &str| first(&mut *by_hand().chats().chat("c1").post(upload(text)));
    assert!(is_expected(&sent("stay calm"), Expect::of(V1.upload(&calm, None))));
    assert!(!is_expected(&sent("run"), Expect::of(V1.upload(&calm, None))));
}

#[test]
fn the_path_of_the_base_url_does_not_matter() {
    let credentials = Credentials::new("script", "no secret at all").expect("they are valid");
    let config = Config::new("https://example.org/team/wire", credentials).expect("it is a URL");
    let script = Script::with_config(config)
        .then(expect::post("c1").text("hello"), respond::message(sample::message("m1", "c1", "hello")))
        .then(Expect::of(V1.leave_chat(&"c1".into())), respond::done())
        .then(Expect::post("/team/wire/v1/chats/c1/messages"), Respond::json(201, sample::message("m1", "c1", "bye")));
    let client = Client::new(script.clone());
    let chat = client.chats().chat("c1");
    chat.post("hello").expect("the script has it");
    chat.leave().expect("the script has it");
    chat.post("bye").expect("the script has it");
    script.assert_done();
}

#[test]
fn a_mismatch_names_the_difference() {
    let post = |expect: Expect| {
        let client = Client::new(Script::new().then(expect, Respond::status(500)));
        panic_of(|| client.chats().chat("c1").post("hello"))
    };
    let shown = post(expect::post("c1").text("bye").into());
    assert!(shown.contains("expected  POST /v1/chats/c1/messages {\"msg\":\"bye\"}"), "{shown}");
    assert!(shown.contains("differs   in msg: expected \"bye\", got \"hello\""), "{shown}");
    let shown = post(Expect::of(V1.post(&"c1".into(), &Draft::text("hello").reply_to("m1"), &[])));
    assert!(shown.contains("differs   in reply_to: expected \"m1\", got none"), "{shown}");
    let route = Route::new("v1/chats/c1/messages");
    let shown = post(Expect::of(Endpoint::post(route).json(&json!({}))));
    assert!(shown.contains("differs   in msg: expected none, got \"hello\""), "{shown}");
}

#[test]
fn invalid_expectations_are_reported_at_once() {
    let shown = panic_of(|| expect::post(""));
    assert!(shown.contains("rejects an argument") && shown.contains("thread id"), "{shown}");
    let shown = panic_of(|| Expect::of(V1.post(&"c1".into(), &Draft::text("x".repeat(10_001)), &[])));
    assert!(shown.contains("at most 10000 characters"), "{shown}");
    let nothing = catch_unwind(|| Expect::of(V1.subscribe(&FeedSource::AllMessages)));
    assert!(nothing.is_err(), "messages need no subscription");
}

#[test]
fn headers_of_an_operation_are_not_compared() {
    let mut post = first(&mut *by_hand().chats().chat("c1").post("hello"));
    *post.request.headers_mut() = HeaderMap::new();
    assert!(is_expected(&post, expect::post("c1").text("hello")));
}
