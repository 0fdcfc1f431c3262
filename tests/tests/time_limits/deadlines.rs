//! Deadlines of clients.

use teamwire_core::{
    Client, Draft, ErrorKind, Script,
    config::RetryPolicy,
    model::{Coordinates, LiveLocation, ShareDuration, Upload},
    script::{
        Respond,
        v1::{expect, respond},
    },
};

use crate::support::{SECOND, always, elapsed, post, posted};

#[test]
fn deadline_is_that_of_all_operations_together() {
    let script = always(respond::server_error());
    let client = Client::new(script.clone());
    let policy = RetryPolicy { max_retries: 1, ..RetryPolicy::default() };
    let hurried = client.with_deadline(10 * SECOND).with_retry(policy);
    while elapsed(&script) < 10 * SECOND {
        post(&hurried).expect_err("the server fails");
        script.advance(SECOND);
    }
    let before = script.requests().len();
    assert!(before > 10, "{before} requests");
    let error = post(&hurried).expect_err("the time is over");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, false), "{error}");
    assert_eq!(script.requests().len(), before, "nothing is sent after the deadline");
    post(&client).expect_err("the server fails");
    assert!(script.requests().len() > before, "others have no deadline");
}

#[test]
fn exchange_is_cut_off_at_the_deadline() {
    let script = always(Respond::timeout());
    let client = Client::new(script.clone()).with_deadline(3 * SECOND);
    let error = post(&client).expect_err("the server does not respond");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, true), "{error}");
    assert_eq!((elapsed(&script), script.requests().len()), (3 * SECOND, 1));
}

#[test]
fn later_deadline_does_not_extend_an_earlier_one() {
    for [first, second] in [[3, 60], [60, 3]] {
        let script = always(Respond::timeout());
        let client = Client::new(script.clone()).with_deadline(first * SECOND).with_deadline(second * SECOND);
        post(&client).expect_err("the server does not respond");
        assert_eq!(elapsed(&script), 3 * SECOND);
    }
}

#[test]
fn deadline_of_a_transfer_is_that_of_the_whole_exchange() {
    let script = Script::new().always(expect::upload(), Respond::timeout());
    let client = Client::new(script.clone()).with_deadline(5 * SECOND);
    let file = Upload::from_bytes("a.txt", b"text".to_vec());
    client.chats().chat("c1").post(Draft::text("a file").attach(file)).expect_err("the server does not respond");
    assert_eq!(elapsed(&script), 5 * SECOND, "not the idle time of a transfer");
}

#[test]
fn location_shares_are_those_of_the_session() {
    let script = Script::new().then(expect::post("c1"), posted());
    let client = Client::new(script);
    let place = Coordinates::new(48.1, 11.5).expect("it is a place");
    let location = LiveLocation::new(place, ShareDuration::QuarterHour);
    client
        .with_deadline(60 * SECOND)
        .chats()
        .chat("c1")
        .post(Draft::text("here").attach(location))
        .expect("it is posted");
    assert_eq!(client.chats().location_sharing_active_chats().len(), 1);
}
