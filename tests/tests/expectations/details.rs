//! Details of expectations.

use chrono::{DateTime, TimeDelta};
use teamwire_core::{
    AlertType, Client, Draft, NewChat, Script,
    effect::Exchange,
    model::{Coordinates, Location, NewAttachment, NewOneToOne, Poll, Upload},
    script::{
        Expect,
        v1::{expect, respond, sample},
    },
};

use crate::{by_hand, first, is_expected};

/// Asserts that the request matches `yes`, and none of `no`.
#[track_caller]
fn assert_expected(exchange: &Exchange, yes: impl Into<Expect>, no: impl IntoIterator<Item = impl Into<Expect>>) {
    assert!(is_expected(exchange, yes));
    for no in no {
        let no = no.into();
        assert!(!is_expected(exchange, no.clone()), "{no}");
    }
}

#[test]
fn posts_have_details() {
    let draft = Draft::text("down")
        .alert(AlertType::Note)
        .reply_to("m0")
        .sender_display_name("Monitoring")
        .idempotency_key("alarm-7");
    let post = first(&mut *by_hand().chats().chat("c1").post(draft));
    let any = || expect::post("c1");
    let all = any()
        .text("down")
        .alert(&AlertType::Note)
        .reply_to("m0")
        .sender_display_name("Monitoring")
        .idempotency_key("alarm-7");
    let different = [
        expect::post("c2"),
        any().text("up"),
        any().alert(&AlertType::Alert),
        any().reply_to("m1"),
        any().sender_display_name("Anna"),
        any().idempotency_key("alarm-8"),
        // A later detail does not replace an earlier one.
        any().text("up").reply_to("m0"),
    ];
    assert_expected(&post, all, different);
    let plain = first(&mut *by_hand().chats().chat("c1").post("down"));
    assert_expected(&plain, any().text("down"), [any().alert(&AlertType::Note)]);
}

#[test]
fn new_chats_have_details() {
    let chat = NewChat::titled("Ward 3").users(["u1", "u2"]).group("g1").message("hello").idempotency_key("ward-3");
    let create = first(&mut *by_hand().chats().create_chat(chat));
    let any = expect::create_chat;
    let all = any().title("Ward 3").users(["u1", "u2"]).groups(["g1"]).message("hello").idempotency_key("ward-3");
    let different = [
        any().title("Ward 4"),
        any().users(["u1"]),
        any().groups(["g2"]),
        any().message("bye"),
        any().idempotency_key("ward-4"),
    ];
    assert_expected(&create, all, different);

    let chat = NewOneToOne::new("u1").message("hello").idempotency_key("anna");
    let create = first(&mut *by_hand().chats().create_one_to_one_chat(chat));
    let any = || expect::create_one_to_one_chat("u1");
    let all = any().message("hello").idempotency_key("anna");
    let different = [expect::create_one_to_one_chat("u2"), any().message("bye"), any().idempotency_key("ben")];
    assert_expected(&create, all, different);
}

#[test]
fn changes_have_details() {
    let client = by_hand();
    let chat = client.chats().chat("c1");
    let any = || expect::add_members("c1");
    let add = first(&mut *chat.add_members(["u1"], ["g1"]));
    assert_expected(&add, any().users(["u1"]).groups(["g1"]), [any().users(["u2"]), any().groups(["g2"])]);

    let [here, there] = [48.1, 52.5].map(|lat| Coordinates::new(lat, 11.6).expect("it is on earth"));
    let moved = first(&mut *client.chats().update_shared_location(here));
    assert_expected(&moved, expect::move_location().to(here), [expect::move_location().to(there)]);

    let since = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(5);
    let messages = first(&mut *chat.messages(since));
    let any = || expect::messages("c1");
    assert_expected(&messages, any().since(since), [any().since(DateTime::UNIX_EPOCH)]);

    assert_expected(
        &first(&mut *chat.update_title("Ward 3")),
        expect::update_title("c1", "Ward 3"),
        [expect::update_title("c1", "Ward 4"), expect::update_title("c2", "Ward 3")],
    );
}

#[test]
fn uploads_have_details() {
    let plan = Upload::from_bytes("plan b.txt", "stay calm").media_type("text/x-plan");
    let upload = first(&mut *by_hand().chats().chat("c1").post(Draft::new().attach(plan)));
    let any = expect::upload;
    let all = any().file_name("plan b.txt").media_type("text/x-plan");
    assert_expected(&upload, all, [any().file_name("plan.txt"), any().media_type("text/plain")]);

    let keyed = Draft::new().attach(Upload::from_bytes("a", "b")).idempotency_key("plan");
    let upload = first(&mut *by_hand().chats().chat("c1").post(keyed));
    let key = upload.request.headers()["idempotency-key"].to_str().expect("it is ASCII");
    assert_expected(&upload, any().idempotency_key(key), [any().idempotency_key("plan")]);
}

#[test]
fn posts_have_attachments() {
    let poll = |question: &str| Poll::new(question, ["yes", "no"]).expect("it has options");
    let depot = || Location::new("Depot", Coordinates::new(48.1, 11.6).expect("it is on earth"));
    let chat = by_hand().chats().chat("c1");
    let post = first(&mut *chat.post(Draft::text("hello").attach(poll("Tea?")).attach(depot())));
    let any = || expect::post("c1");
    let different = [
        any().attach(poll("Coffee?")).attach(depot()),
        any().attach(poll("Tea?")),
        any().attach(depot()).attach(poll("Tea?")),
        any().file("a1"),
    ];
    assert_expected(&post, any().text("hello").attach(poll("Tea?")).attach(depot()), different);

    let draft = Draft::new()
        .attach(Upload::from_bytes("plan.txt", "stay calm"))
        .attach(NewAttachment::image(Upload::from_bytes("map.png", "a map")));
    let asset = |id: &str| respond::uploaded(sample::asset(id, "plan.txt", "text/plain", 9));
    let script = Script::new()
        .on(expect::upload(), [asset("a1"), asset("a2")])
        .then(expect::post("c1").file("a1").gallery(["a2"]), respond::message(sample::message("m1", "c1", "")));
    Client::new(script.clone()).chats().chat("c1").post(draft).expect("it is expected");
    script.assert_done();
}

#[test]
#[should_panic(expected = "files are expected by their asset ids")]
fn file_is_expected_by_its_id() {
    let _ = expect::post("c1").attach(Upload::from_bytes("plan.txt", "stay calm"));
}
