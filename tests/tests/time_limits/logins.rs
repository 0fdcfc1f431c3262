//! The login of a session, performed by an impatient client.

use std::time::Duration;

use teamwire_core::{
    Client, Draft, Error, ErrorKind, StopHandle,
    config::RetryPolicy,
    effect::{Now, TransportError, TransportErrorKind},
    executor::Manual,
    flow::Flow,
    machine::{Reply, Step, Ticket},
    model::{Coordinates, LiveLocation, Message, ShareDuration},
};
use teamwire_tests::{
    TokenProtocol,
    operations::{self, ENTROPY},
};

fn client() -> Client<Manual> {
    let config = operations::config().with_protocol(TokenProtocol::default());
    Client::new(Manual::new(config, ENTROPY, operations::now()))
}

fn at(seconds: u64) -> Now {
    let start = operations::now();
    Now::new(start.moment.saturating_add(Duration::from_secs(seconds)), start.utc)
}

#[track_caller]
fn logs_in(flow: &mut (impl Flow<Output = Message> + ?Sized), now: Now) -> Ticket {
    let Step::Send(ticket, exchange) = flow.poll(now) else { panic!("it should send a request") };
    assert_eq!(exchange.request.uri().path(), TokenProtocol::LOGIN);
    ticket
}

#[track_caller]
fn fails(flow: &mut (impl Flow<Output = Message> + ?Sized), now: Now) -> Error {
    match flow.poll(now) {
        Step::Done(Err(error)) => error,
        _ => panic!("it should fail"),
    }
}

#[test]
fn stopped_login_passes_to_the_next_operation() {
    for reports in [false, true] {
        let (client, stop) = (client(), StopHandle::new());
        let (stopped, other) = (client.stopped_by(&stop).chats().chat("c1"), client.chats().chat("c1"));
        let place = Coordinates::new(1.0, 2.0).expect("it is a place");
        let shared = Draft::text("a").attach(LiveLocation::new(place, ShareDuration::QuarterHour));
        let (mut first, mut second) = (stopped.post(shared), other.post("b"));
        let ticket = logs_in(&mut first, at(0));
        assert!(matches!(second.poll(at(0)), Step::Sleep(_)), "it waits for the login");
        stop.stop();
        if reports {
            let error = TransportError::new(TransportErrorKind::Disconnected, "the exchange was stopped");
            first.handle(at(1), ticket, Reply::Error(error.with_sent(true)));
        }
        let error = fails(&mut first, at(1));
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Cancelled, false), "only the login was sent");
        assert!(!client.chats().has_location_sharing_active_chats(), "the post cannot have started a share");
        logs_in(&mut second, at(1));
    }
}

#[test]
fn login_that_has_no_time_left_passes_to_the_next_operation() {
    let by_deadline = |client: &Client<Manual>| client.with_deadline(Duration::from_secs(2));
    let by_policy = |client: &Client<Manual>| client.with_retry(RetryPolicy::within(Duration::from_secs(2)));
    for has_deadline in [true, false] {
        let client = client();
        let hurried = if has_deadline { by_deadline(&client) } else { by_policy(&client) };
        let (hurried, other) = (hurried.chats().chat("c1"), client.chats().chat("c1"));
        let (mut first, mut second) = (hurried.post("a"), other.post("b"));
        let ticket = logs_in(&mut first, at(0));
        let Step::Sleep(_) = second.poll(at(0)) else { panic!("it waits for the login") };
        let error = TransportError::new(TransportErrorKind::Timeout, "no response").with_sent(true);
        first.handle(at(2), ticket, Reply::Error(error));
        assert_eq!(fails(&mut first, at(2)).kind(), ErrorKind::Connection);
        logs_in(&mut second, at(2));
    }
}

#[test]
fn wait_for_the_login_of_another_operation_ends_at_the_deadline() {
    let client = client();
    let (other, hurried) = (client.chats().chat("c1"), client.with_deadline(Duration::from_secs(2)).chats().chat("c1"));
    let (mut first, mut second) = (other.post("a"), hurried.post("b"));
    logs_in(&mut first, at(0));
    let mut now = at(0);
    while let Step::Sleep(until) = second.poll(now) {
        assert!(until <= at(2).moment, "{until:?}");
        now.moment = until;
    }
    assert_eq!(now.moment, at(2).moment);
}
