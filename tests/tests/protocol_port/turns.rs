//! The turn: one operation logs in at a time, and another one takes over if it does not continue.

use std::time::Duration;

use teamwire_core::{
    Client, Credentials, Error,
    effect::Body,
    executor::Manual,
    flow::Flow,
    machine::{Reply, Step},
    model::Message,
    protocol::{Attempt, Endpoint, Refusal, ResponseReader, Route, Token, V1, Wire},
};
use teamwire_tests::{TokenProtocol, operations};

use crate::support::{
    FIRST, POST, SECOND, at, by_hand, config, ends, expired_reply, posted_reply, problem, sends, token_reply, waits,
    without_operations,
};

/// Maximum time after which a waiting operation looks again.
const LOOK: u64 = 200;
/// Twice the timeout of a request.
const PATIENCE: u64 = 20_000;

fn client() -> Client<Manual> {
    by_hand(config(TokenProtocol::default()))
}

/// Completes the login and the post of an operation.
#[track_caller]
fn completes(flow: &mut (impl Flow<Output = Message> + ?Sized), now: u64, token: &str) {
    let (login, _) = sends(flow, at(now), TokenProtocol::LOGIN);
    flow.handle(at(now), login, token_reply(token));
    posts(flow, now, token);
}

/// Completes the post of an operation.
#[track_caller]
fn posts(flow: &mut (impl Flow<Output = Message> + ?Sized), now: u64, token: &str) {
    let (ticket, with) = sends(flow, at(now), POST);
    assert_eq!(with.as_deref(), Some(token));
    flow.handle(at(now), ticket, posted_reply());
    ends(flow, at(now)).expect("it is posted");
}

#[test]
fn login_of_a_dropped_operation_is_taken_over_at_once() {
    // Before its request is sent, while it waits for the response, and while it waits to retry.
    for step in 0..3 {
        let client = client();
        let chat = client.chats().chat("c1");
        let [mut first, mut second] = [(); 2].map(|()| chat.post("hello"));
        let (login, _) = sends(&mut first, at(0), TokenProtocol::LOGIN);
        waits(&mut second, at(0));
        if step == 2 {
            first.handle(at(10), login, problem(503, "server"));
            assert!(waits(&mut first, at(10)) > Duration::from_millis(200), "it backs off");
            waits(&mut second, at(LOOK));
        }
        drop(first);
        completes(&mut second, 2 * LOOK, SECOND);
    }
}

#[test]
fn login_of_an_operation_that_is_not_polled_is_taken_over() {
    let client = client();
    let chat = client.chats().chat("c1");
    let [mut first, mut second, mut third] = [(); 3].map(|()| chat.post("hello"));
    let (late, _) = sends(&mut first, at(0), TokenProtocol::LOGIN);
    waits(&mut second, at(0));
    waits(&mut second, at(PATIENCE - 1));
    let (login, _) = sends(&mut second, at(PATIENCE + LOOK), TokenProtocol::LOGIN);
    waits(&mut third, at(PATIENCE + LOOK));
    // The result of the lost turn neither counts nor ends the new turn.
    first.handle(at(PATIENCE + LOOK), late, token_reply(FIRST));
    waits(&mut first, at(PATIENCE + LOOK));
    waits(&mut third, at(PATIENCE + 2 * LOOK));
    second.handle(at(PATIENCE + 2 * LOOK), login, token_reply(SECOND));
    for flow in [&mut second, &mut first, &mut third] {
        posts(flow, PATIENCE + 4 * LOOK, SECOND);
    }
}

#[test]
fn failure_of_a_lost_turn_fails_no_operation() {
    let client = client();
    let chat = client.chats().chat("c1");
    let [mut first, mut second] = [(); 2].map(|()| chat.post("hello"));
    let (late, _) = sends(&mut first, at(0), TokenProtocol::LOGIN);
    let (login, _) = sends(&mut second, at(PATIENCE), TokenProtocol::LOGIN);
    first.handle(at(PATIENCE), late, problem(401, "auth"));
    waits(&mut first, at(PATIENCE));
    second.handle(at(PATIENCE), login, token_reply(SECOND));
    posts(&mut second, PATIENCE, SECOND);
    posts(&mut first, PATIENCE + LOOK, SECOND);
}

#[test]
fn lost_turn_is_not_continued() {
    let client = client();
    let chat = client.chats().chat("c1");
    let [mut first, mut second] = [(); 2].map(|()| chat.post("hello"));
    let (late, _) = sends(&mut first, at(0), TokenProtocol::LOGIN);
    let (login, _) = sends(&mut second, at(PATIENCE), TokenProtocol::LOGIN);
    // It does not retry, as another operation logs in.
    first.handle(at(PATIENCE), late, problem(503, "server"));
    waits(&mut first, at(2 * PATIENCE - 1));
    second.handle(at(PATIENCE), login, token_reply(SECOND));
    posts(&mut second, PATIENCE, SECOND);
    posts(&mut first, 2 * PATIENCE + LOOK, SECOND);
}

#[test]
fn turn_lasts_while_the_login_waits_to_retry() {
    let client = client();
    let chat = client.chats().chat("c1");
    let [mut first, mut second] = [(); 2].map(|()| chat.post("hello"));
    let (login, _) = sends(&mut first, at(0), TokenProtocol::LOGIN);
    let limited = http::Response::builder().status(429).header("retry-after", "50").body(Vec::new());
    first.handle(at(0), login, Reply::Response(limited.expect("it is a response")));
    let wait = u64::try_from(waits(&mut first, at(0)).as_millis()).expect("it is short") + 1;
    assert!(wait >= 50_000, "the server requires it");
    for now in [0, PATIENCE + LOOK, wait - 2] {
        waits(&mut second, at(now));
    }
    let (login, _) = sends(&mut first, at(wait), TokenProtocol::LOGIN);
    first.handle(at(wait), login, token_reply(FIRST));
    posts(&mut second, wait + LOOK, FIRST);
}

#[test]
fn turn_lasts_twice_the_timeout_of_the_login() {
    #[derive(Clone, Copy, Debug)]
    struct SlowLogin;

    impl Wire for SlowLogin {
        fn prepare(&self, request: &mut http::Request<Body>, attempt: &Attempt<'_>) {
            TokenProtocol::default().prepare(request, attempt);
        }

        fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal> {
            V1.refusal(response)
        }

        fn login(&self, _: &Credentials) -> Result<Option<Endpoint<Token>>, Error> {
            let login = Endpoint::post(Route::new("session")).long_poll(Duration::from_secs(60));
            Ok(Some(login.reads(|_| Token::new(FIRST))))
        }
    }

    without_operations!(SlowLogin);
    let client = by_hand(operations::config().with_protocol(SlowLogin));
    let chats = client.chats();
    let [mut chat, mut other] = ["c1", "c2"].map(|tid| chats.by_thread_id(tid));
    sends(&mut chat, at(0), TokenProtocol::LOGIN);
    waits(&mut other, at(0));
    waits(&mut other, at(2 * 70_000 - 1));
    sends(&mut other, at(2 * 70_000 + LOOK), TokenProtocol::LOGIN);
}

#[test]
fn others_continue_although_the_operation_that_logged_in_is_not_polled_again() {
    let client = client();
    let chat = client.chats().chat("c1");
    let [mut first, mut second] = [(); 2].map(|()| chat.post("hello"));
    let (login, _) = sends(&mut first, at(0), TokenProtocol::LOGIN);
    waits(&mut second, at(0));
    first.handle(at(1), login, token_reply(FIRST));
    posts(&mut second, LOOK, FIRST);
    posts(&mut first, LOOK, FIRST);
}

#[test]
fn waiting_operation_is_polled_in_any_order() {
    let client = client();
    let chat = client.chats().chat("c1");
    let [mut first, mut second] = [(); 2].map(|()| chat.post("hello"));
    let (login, _) = sends(&mut first, at(0), TokenProtocol::LOGIN);
    let wait = waits(&mut second, at(0));
    assert_eq!(waits(&mut second, at(0)), wait, "polling is idempotent");
    assert_eq!(sends(&mut first, at(0), TokenProtocol::LOGIN).0, login, "polling is idempotent");
    second.handle(at(0), login, token_reply(SECOND));
    waits(&mut second, at(0));
    first.handle(at(0), login, token_reply(FIRST));
    first.handle(at(0), login, token_reply(SECOND));
    posts(&mut first, 0, FIRST);
    posts(&mut second, LOOK, FIRST);
}

#[test]
fn paced_request_that_waited_for_a_login_is_sent_at_once() {
    let client = client();
    let chat = client.chats().chat("c1");
    let [mut expired, mut limited] = [(); 2].map(|()| chat.post("hello"));
    let (login, _) = sends(&mut expired, at(0), TokenProtocol::LOGIN);
    expired.handle(at(0), login, token_reply(FIRST));
    let [(refused, _), (over_limit, _)] = [sends(&mut expired, at(0), POST), sends(&mut limited, at(0), POST)];
    expired.handle(at(1), refused, expired_reply());
    let (login, _) = sends(&mut expired, at(1), TokenProtocol::LOGIN);
    // The login is not paced, but the request that waits for it is the first one after the pause.
    limited.handle(at(2), over_limit, problem(429, "rate_limited"));
    let mut now = 3 + u64::try_from(waits(&mut limited, at(2)).as_millis()).expect("it is short");
    assert!(waits(&mut limited, at(now)) < Duration::from_millis(LOOK), "it looks for the token");
    expired.handle(at(now), login, token_reply(SECOND));
    now += LOOK;
    posts(&mut limited, now, SECOND);
}

#[test]
fn limit_with_another_status_pauses_all_requests() {
    for status in [403, 429, 503] {
        let client = client();
        let chat = client.chats().chat("c1");
        let [mut first, mut second] = [(); 2].map(|()| chat.post("hello"));
        let (login, _) = sends(&mut first, at(0), TokenProtocol::LOGIN);
        first.handle(at(0), login, token_reply(FIRST));
        let (ticket, _) = sends(&mut first, at(0), POST);
        first.handle(at(0), ticket, problem(status, TokenProtocol::TOO_FAST));
        let wait = waits(&mut first, at(0));
        assert!(waits(&mut second, at(0)) >= wait, "status {status}: it would exceed the limit as well");
        let now = 1 + u64::try_from(wait.as_millis()).expect("it is short");
        let (ticket, _) = sends(&mut first, at(now), POST);
        first.handle(at(now), ticket, problem(status, TokenProtocol::TOO_FAST));
        assert!(waits(&mut first, at(now)) > wait / 2, "status {status}");
        waits(&mut second, at(now + 1));
    }
}

#[test]
fn requests_that_waited_for_a_login_are_paced() {
    let client = client();
    let chat = client.chats().chat("c1");
    let mut probe = chat.post("hello");
    let (login, _) = sends(&mut probe, at(0), TokenProtocol::LOGIN);
    probe.handle(at(0), login, token_reply(FIRST));
    let (ticket, _) = sends(&mut probe, at(0), POST);
    probe.handle(at(0), ticket, problem(429, "rate_limited"));
    let mut now = u64::try_from(waits(&mut probe, at(0)).as_millis()).expect("it is short") + 1;
    // The token expires while requests are paced.
    let (ticket, _) = sends(&mut probe, at(now), POST);
    probe.handle(at(now), ticket, expired_reply());
    let login = loop {
        match probe.poll(at(now)) {
            Step::Send(ticket, _) => break ticket,
            Step::Sleep(_) => now += 100,
            step => panic!("{step:?}"),
        }
    };
    let mut others: Vec<_> = (0..64).map(|_| chat.post("hello")).collect();
    for _ in 0..90 {
        now += 100;
        for other in &mut others {
            waits(other, at(now));
        }
    }
    probe.handle(at(now), login, token_reply(SECOND));
    now += LOOK;
    let sent = others.iter_mut().filter_map(|other| match other.poll(at(now)) {
        Step::Send(..) => Some(()),
        _ => None,
    });
    assert!(sent.count() <= 2, "they are sent one after another");
}
