//! Stop handles of clients.

use teamwire_core::{
    Client, Draft, Error, ErrorKind, StopHandle,
    config::RetryPolicy,
    effect::{Moment, Now, TransportError, TransportErrorKind},
    executor::Manual,
    machine::{Machine, Reply, Step},
    model::Upload,
    script::sample,
};
use teamwire_test_support::config;

use crate::support::{SECOND, always, post, posted};

fn at(seconds: u32) -> Now {
    Now::new(Moment::from_epoch(seconds * SECOND), chrono::DateTime::UNIX_EPOCH)
}

fn by_hand() -> Client<Manual> {
    let config = config("https://teamwire.example").with_retry(RetryPolicy::default());
    Client::new(Manual::new(config, [7; 32], at(0)))
}

/// Returns a response with this body.
fn created(body: &serde_json::Value) -> Reply {
    let mut response = http::Response::new(body.to_string().into_bytes());
    *response.status_mut() = http::StatusCode::CREATED;
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    Reply::Response(response)
}

#[track_caller]
fn cancelled<E: std::fmt::Debug, T: std::fmt::Debug>(step: Step<E, Result<T, Error>>, outcome_unknown: bool) {
    let Step::Done(Err(error)) = step else { panic!("it should be cancelled: {step:?}") };
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Cancelled, outcome_unknown), "{error}");
    assert!(!error.is_transient(), "{error}");
}

#[test]
fn stopped_client_sends_nothing_and_others_are_not_stopped() {
    let script = always(posted());
    let (client, stop) = (Client::new(script.clone()), StopHandle::new());
    let stoppable = client.stopped_by(&stop);
    post(&stoppable).expect("it is not stopped yet");
    stop.stop();
    assert_eq!(post(&stoppable).expect_err("it is stopped").kind(), ErrorKind::Cancelled);
    assert_eq!(script.requests().len(), 1);
    let error = stoppable.chats().chat("c1").post("").expect_err("a message has content");
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "rejected arguments are reported first: {error}");
    post(&client).expect("this client is not stopped");
}

#[test]
fn second_handle_adds_to_the_first() {
    for stopped in 0..2 {
        let handles = [StopHandle::new(), StopHandle::new()];
        let client = Client::new(always(posted())).stopped_by(&handles[0]).stopped_by(&handles[1]);
        post(&client).expect("neither is stopped");
        handles[stopped].stop();
        assert_eq!(post(&client).expect_err("one is stopped").kind(), ErrorKind::Cancelled);
        assert!(!handles[1 - stopped].is_stopped());
    }
}

#[test]
fn outcome_is_unknown_only_if_something_may_have_been_sent() {
    let (client, now) = (by_hand(), at(1));
    let reply = |sent| Reply::Error(TransportError::new(TransportErrorKind::Disconnected, "gone").with_sent(sent));
    // Before the first poll.
    let stop = StopHandle::new();
    let chat = client.stopped_by(&stop).chats().chat("c1");
    let mut not_started = chat.post("a");
    // In flight, with and without a report of the executor.
    let mut in_flight = chat.post("b");
    let Step::Send(..) = in_flight.poll(now) else { panic!("it is sent") };
    let mut reported = [false, true].map(|sent| {
        let mut machine = chat.post("c");
        let Step::Send(ticket, _) = machine.poll(now) else { panic!("it is sent") };
        (sent, ticket, machine)
    });
    // In the backoff after an attempt.
    let mut waiting = [false, true].map(|sent| {
        let mut machine = chat.post("d");
        let Step::Send(ticket, _) = machine.poll(now) else { panic!("it is sent") };
        machine.handle(now, ticket, reply(sent));
        let Step::Sleep(_) = machine.poll(now) else { panic!("it waits") };
        (sent, machine)
    });
    stop.stop();
    cancelled(not_started.poll(now), false);
    cancelled(in_flight.poll(now), true);
    for (sent, ticket, machine) in &mut reported {
        machine.handle(now, *ticket, reply(*sent));
        cancelled(machine.poll(now), *sent);
        let Step::Done(Err(error)) = machine.poll(now) else { panic!("it has ended") };
        assert_eq!(error.kind(), ErrorKind::Finished);
    }
    for (sent, machine) in &mut waiting {
        cancelled(machine.poll(now), *sent);
    }
}

#[test]
fn response_that_has_arrived_is_the_result() {
    let (stop, now) = (StopHandle::new(), at(1));
    let chat = by_hand().stopped_by(&stop).chats().chat("c1");
    let mut machine = chat.post("hello");
    let Step::Send(ticket, _) = machine.poll(now) else { panic!("it is sent") };
    stop.stop();
    machine.handle(now, ticket, created(&sample::message("m1", "c1", "hello")));
    let Step::Done(Ok(message)) = machine.poll(now) else { panic!("it was posted") };
    assert_eq!(message.text.as_deref(), Some("hello"));
}

#[test]
fn operation_of_several_requests_stops_between_them() {
    let (stop, now) = (StopHandle::new(), at(1));
    let chat = by_hand().stopped_by(&stop).chats().chat("c1");
    let file = Upload::from_bytes("a.txt", b"text".to_vec());
    let mut machine = chat.post(Draft::text("a file").attach(file));
    let Step::Send(ticket, _) = machine.poll(now) else { panic!("it is uploaded") };
    machine.handle(
        now,
        ticket,
        created(&sample::json(r#"{"id": "a1", "file_name": "a.txt", "media_type": "text/plain", "size": 4}"#)),
    );
    stop.stop();
    cancelled(machine.poll(now), false);
}
