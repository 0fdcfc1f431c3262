//! Machines that are driven manually, and operations composed of others.

use std::time::Duration;

use serde_json::Value;
use teamwire_core::{
    Chat, ChatRef, Client, Error, ErrorKind, Script,
    effect::{Moment, Now, TransportError, TransportErrorKind},
    executor::{Manual, Session},
    flow::Flow,
    machine::{Machine, Reply, Step, Ticket},
    script::sample,
};
use teamwire_tests::operations::{ENTROPY, config, now, response};

fn client() -> Client<Manual> {
    Client::new(Manual::new(config(), ENTROPY, now()))
}

fn at(seconds: u64) -> Now {
    Now::new(Moment::from_epoch(Duration::from_secs(seconds)), now().utc)
}

#[track_caller]
fn sent<T: Send>(flow: &mut dyn Flow<Output = T>, now: Now) -> (Ticket, String) {
    match flow.poll(now) {
        Step::Send(ticket, exchange) => (ticket, exchange.request.uri().path().to_owned()),
        Step::File(_, task) => panic!("it wants {task:?}"),
        Step::Sleep(until) => panic!("it sleeps until {until:?}"),
        Step::Event(never) => match never {},
        Step::Done(_) => panic!("it is done"),
    }
}

fn ok(json: &Value) -> Reply {
    Reply::Response(response(200, json))
}

#[test]
fn early_wake_up_returns_the_same_deadline() {
    let client = client();
    let mut me = client.contacts().me();
    let (ticket, _) = sent(&mut me, at(10));
    me.handle(at(20), ticket, Reply::Error(TransportError::new(TransportErrorKind::Connect, "no route")));
    let Step::Sleep(until) = me.poll(at(20)) else { panic!("it waits") };
    assert!(until > at(20).moment);
    for early in [at(20), at(20)] {
        assert!(matches!(me.poll(early), Step::Sleep(again) if again == until));
    }
    let (again, _) = sent(&mut me, Now::new(until, now().utc));
    assert_ne!(again, ticket, "another attempt is another request");
}

#[test]
fn late_reply_is_not_taken_for_that_of_the_next_attempt() {
    let client = client();
    let mut me = client.contacts().me();
    let (first, _) = sent(&mut me, at(0));
    me.handle(at(10), first, Reply::Error(TransportError::new(TransportErrorKind::Timeout, "10 s").with_sent(true)));
    me.handle(at(10), first, ok(&sample::bot()));
    assert!(matches!(me.poll(at(10)), Step::Sleep(_)), "the first attempt is over");
    let (second, _) = sent(&mut me, at(11));
    me.handle(at(11), first, ok(&sample::user("u-late", "", "")));
    assert_eq!(sent(&mut me, at(11)).0, second);
    me.handle(at(12), second, ok(&sample::bot()));
    let Step::Done(Ok(bot)) = me.poll(at(12)) else { panic!("it has a response") };
    assert_eq!(bot.uid, "u-bot");
}

#[test]
fn end_is_the_end() {
    let client = client();
    let mut me = client.contacts().me();
    let (ticket, _) = sent(&mut me, at(0));
    me.handle(at(0), ticket, ok(&sample::bot()));
    assert!(matches!(me.poll(at(0)), Step::Done(Ok(_))));
    for later in 1..4 {
        assert!(matches!(me.poll(at(later)), Step::Done(Err(error)) if error.kind() == ErrorKind::Finished));
        me.handle(at(later), ticket, ok(&sample::bot()));
    }
    let chat = client.chats().chat("");
    let mut refused = chat.post("hello");
    assert!(matches!(refused.poll(at(0)), Step::Done(Err(error)) if error.kind() == ErrorKind::InvalidInput));
    assert!(matches!(refused.poll(at(0)), Step::Done(Err(error)) if error.kind() == ErrorKind::Finished));
}

#[test]
fn two_machines_of_a_session_take_only_their_own_replies() {
    let client = client();
    let (mut me, mut users) = (client.contacts().me(), client.contacts().users());
    let (my, theirs) = (sent(&mut me, at(0)).0, sent(&mut users, at(0)).0);
    assert_ne!(my, theirs);
    me.handle(at(0), theirs, ok(&sample::bot()));
    users.handle(at(0), my, ok(&sample::page([])));
    assert_eq!((sent(&mut me, at(0)).0, sent(&mut users, at(0)).0), (my, theirs));
}

#[test]
fn operation_can_be_made_from_the_output_of_another() {
    let client = client();
    let mut both =
        client.contacts().me().then(|me| client.contacts().user(me)).map(|user| user.map(|it| it.full_name()));
    let (ticket, path) = sent(&mut both, at(0));
    assert_eq!(path, "/v1/me");
    both.handle(at(0), ticket, ok(&sample::bot()));
    let (next, path) = sent(&mut both, at(0));
    assert_eq!(path, "/v1/users/u-bot");
    both.handle(at(0), ticket, ok(&sample::user("u-late", "Too", "Late")));
    assert_eq!(sent(&mut both, at(0)).0, next, "the first one's reply is late");
    both.handle(at(0), next, ok(&sample::bot()));
    assert!(matches!(both.poll(at(0)), Step::Done(Ok(Some(name))) if name == "Example Bot"));
    assert!(matches!(both.poll(at(0)), Step::Done(Err(error)) if error.kind() == ErrorKind::Finished));
}

#[test]
fn operation_whose_first_part_fails_has_no_second() {
    let client = client();
    let mut both =
        client.contacts().me().then(|_| -> Box<dyn Flow<Output = ()>> { panic!("the first operation fails") });
    let (ticket, _) = sent(&mut both, at(0));
    both.handle(at(0), ticket, Reply::Response(response(403, &sample::bot())));
    let Step::Done(Err(error)) = both.poll(at(0)) else { panic!("it failed") };
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(matches!(both.poll(at(0)), Step::Done(Err(error)) if error.kind() == ErrorKind::Finished));
}

#[test]
fn handles_of_a_bot_can_be_sent_to_other_threads() {
    fn goes<T: Send + Sync + 'static>() {}
    fn moves<T: Send>(_: &T) {}
    goes::<Client<Manual>>();
    goes::<Client<Script>>();
    goes::<Chat<Script>>();
    goes::<ChatRef<Script>>();
    goes::<Session>();
    goes::<Error>();
    let client = client();
    moves(&client.contacts().me());
    moves(&client.contacts().me().then(|me| client.contacts().user(me)));
}
