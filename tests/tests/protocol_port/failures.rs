//! Failures of the login.

use std::{error::Error as _, time::Duration};

use serde_json::json;
use teamwire_core::{
    Client, ErrorKind, FeedEvent, FeedOptions,
    config::RetryPolicy,
    effect::{TransportError, TransportErrorKind},
    error::Cause,
    script::{Expect, Respond, Script},
};
use teamwire_tests::TokenProtocol;

use crate::support::{
    FIRST, POST, SECOND, at, by_hand, config, ends, expect_login, expect_post, expired, expired_reply, logins, post,
    posted, posted_reply, problem, script, sends, token, token_reply, waits,
};

/// The time after a refused login, in milliseconds.
const REFUSED_PAUSE: u64 = 10_000;

#[test]
fn refused_login_is_the_cause_of_the_error() {
    let script = script().then(expect_login(), Respond::problem(401, "auth"));
    let error = post(&script).expect_err("the credentials are refused");
    let Cause::Login { previous_outcome_unknown: false, cause } = error.cause() else { panic!("{error:?}") };
    assert_eq!((error.kind(), error.status(), error.code()), (ErrorKind::Auth, Some(401), Some("auth")));
    assert_eq!(error.to_string(), "post in chat c1: the login failed");
    assert_eq!(error.source().map(ToString::to_string), Some(cause.to_string()));
    assert!(!error.outcome_unknown() && !error.is_transient());
    script.assert_done();
}

#[test]
fn transient_failures_of_the_login_are_retried() {
    let lost = || Respond::connection_lost();
    for failure in [lost, Respond::unreachable, Respond::timeout, || Respond::status(503), || Respond::status(429)] {
        let retried = script()
            .then(expect_login(), failure())
            .then(expect_login(), failure())
            .then(expect_login(), failure())
            .then(expect_login(), token(FIRST))
            .then(expect_post(FIRST), posted());
        post(&retried).expect("the fourth attempt succeeds");
        retried.assert_done();

        let never = config(TokenProtocol::default()).with_retry(RetryPolicy::NEVER);
        let once = Script::with_config(never).then(expect_login(), failure());
        let error = post(&once).expect_err("there is one attempt");
        assert!(
            matches!(error.cause(), Cause::Login { .. }) && error.is_transient() && !error.outcome_unknown(),
            "{error:?}"
        );
        once.assert_done();
    }
}

#[test]
fn failure_after_an_uncertain_attempt_is_uncertain() {
    let script = script()
        .then(expect_login(), token(FIRST))
        .then(expect_post(FIRST), Respond::connection_lost())
        .then(expect_post(FIRST), expired())
        .then(expect_login(), Respond::problem(401, "auth"));
    let error = post(&script).expect_err("the login is refused");
    assert!(matches!(error.cause(), Cause::Login { previous_outcome_unknown: true, .. }), "{error:?}");
    assert!(error.outcome_unknown(), "the first attempt may have arrived");
    script.assert_done();
}

#[test]
fn invalid_response_is_an_error_of_the_login() {
    let invalid = [Respond::json(200, json!({})), Respond::status(204), token("short"), token("with spaces")];
    for invalid in invalid {
        let script = script().then(expect_login(), invalid);
        let error = post(&script).expect_err("it has no token");
        assert!(matches!(error.cause(), Cause::Login { .. }), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error:?}");
        assert!(!error.outcome_unknown(), "the request itself was not sent");
        script.assert_done();
    }
}

#[test]
fn failure_is_shared_by_those_who_waited() {
    let client = by_hand(config(TokenProtocol::default()));
    let chat = client.chats().chat("c1");
    let mut first = chat.post("hello");
    let (login, _) = sends(&mut first, at(0), TokenProtocol::LOGIN);
    let mut others: Vec<_> = (0..64).map(|_| chat.post("hello")).collect();
    for other in &mut others {
        assert!(waits(other, at(0)) <= Duration::from_millis(200));
    }
    first.handle(at(1), login, problem(401, "auth"));
    assert_eq!(ends(&mut first, at(1)).expect_err("it is refused").kind(), ErrorKind::Auth);
    let mut later = chat.post("hello");
    for other in &mut others {
        let error = ends(other, at(500)).expect_err("the login that it waited for has failed");
        assert!(matches!(error.cause(), Cause::Login { .. }) && error.kind() == ErrorKind::Auth, "{error:?}");
    }
    let (login, _) = sends(&mut later, at(REFUSED_PAUSE + 1), TokenProtocol::LOGIN);
    later.handle(at(REFUSED_PAUSE + 1), login, token_reply(FIRST));
    assert_eq!(sends(&mut later, at(REFUSED_PAUSE + 1), POST).1.as_deref(), Some(FIRST));
}

#[test]
fn failure_of_a_login_that_was_not_waited_for_is_not_shared() {
    let client = by_hand(config(TokenProtocol::default()));
    let chat = client.chats().chat("c1");
    let [mut first, mut waiting] = [(); 2].map(|()| chat.post("hello"));
    let (login, _) = sends(&mut first, at(0), TokenProtocol::LOGIN);
    waits(&mut waiting, at(0));
    first.handle(at(1), login, token_reply(FIRST));
    // It has been let in, and is not part of the next login until its own response.
    let (slow, _) = sends(&mut waiting, at(500), POST);
    let (ticket, _) = sends(&mut first, at(500), POST);
    first.handle(at(500), ticket, expired_reply());
    let (login, _) = sends(&mut first, at(500), TokenProtocol::LOGIN);
    first.handle(at(500), login, problem(401, "auth"));
    ends(&mut first, at(500)).expect_err("the login is refused");
    let now = at(500 + REFUSED_PAUSE);
    waiting.handle(now, slow, expired_reply());
    let (login, _) = sends(&mut waiting, now, TokenProtocol::LOGIN);
    waiting.handle(now, login, token_reply(SECOND));
    let (ticket, _) = sends(&mut waiting, now, POST);
    waiting.handle(now, ticket, posted_reply());
    ends(&mut waiting, now).expect("it is posted");
}

#[test]
fn operations_after_a_limited_login_neither_log_in_nor_wait_too_long() {
    let hour = || Respond::problem(429, "rate_limited").retry_after(3_600);
    for policy in [RetryPolicy::default(), RetryPolicy::NEVER] {
        let script = script()
            .then(expect_login(), hour())
            .then(expect_login(), Respond::problem(429, "rate_limited").retry_after(40))
            .then(expect_login(), token(FIRST))
            .then(expect_post(FIRST), posted());
        let client = Client::new(script.clone());
        // Its login does not settle the matter for others, except for the time that the server asks for.
        let chat = client.with_retry(policy).chats().chat("c1");
        for number in 0..1_000 {
            let error = chat.post("hello").expect_err("the login is limited");
            assert!(matches!(error.cause(), Cause::Login { .. }), "{number}: {error:?}");
            assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::RateLimited, false), "{number}");
            assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)), "{number}");
        }
        assert_eq!(logins(&script.requests()), 1);
        client.sleep(Duration::from_secs(3_000)).expect("it is not stopped");
        let error = chat.post("hello").expect_err("the login is limited");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(600)));
        client.sleep(Duration::from_secs(600)).expect("it is not stopped");
        if policy.max_retries == 0 {
            chat.post("hello").expect_err("the login is limited again");
        }
        // A shorter time is waited for.
        client.chats().chat("c1").post("hello").expect("it is posted");
        script.assert_done();
        let times: Vec<_> = script.requests().iter().map(|request| request.at).collect();
        assert!(times[2].saturating_duration_since(times[1]) >= Duration::from_secs(40), "as the server requires");
    }
}

#[test]
fn operations_after_a_refused_login_rarely_log_in() {
    for refused in [Respond::problem(401, "auth"), Respond::problem(403, "disabled"), Respond::json(200, json!({}))] {
        let script = script()
            .then(expect_login(), refused.clone().times(2))
            .then(expect_login(), token(FIRST))
            .then(expect_post(FIRST), expired())
            .then(expect_login(), refused)
            .then(expect_login(), token(SECOND))
            .then(expect_post(SECOND), posted());
        let client = Client::new(script.clone());
        let chat = client.chats().chat("c1");
        let is_refused = |number: usize, pause: u64| {
            let first = chat.post("hello").expect_err("the login is refused").to_string();
            for _ in 0..100 {
                let error = chat.post("hello").expect_err("the login was refused");
                assert!(matches!(error.cause(), Cause::Login { .. }) && !error.is_transient(), "{error:?}");
                assert_eq!(error.to_string(), first);
            }
            client.sleep(Duration::from_millis(pause - 1)).expect("it is not stopped");
            chat.post("hello").expect_err("the login was refused");
            assert_eq!(logins(&script.requests()), number);
            client.sleep(Duration::from_millis(1)).expect("it is not stopped");
        };
        is_refused(1, REFUSED_PAUSE);
        // The time doubles with each, and is short again after a successful one.
        is_refused(2, 2 * REFUSED_PAUSE);
        is_refused(4, REFUSED_PAUSE);
        chat.post("hello").expect("it is posted");
        script.assert_done();
    }
}

#[test]
fn limited_login_does_not_block_paced_requests() {
    let script = script()
        .then(expect_login(), token(FIRST))
        // From here on, requests are paced.
        .then(expect_post(FIRST), Respond::problem(429, "rate_limited").retry_after(2))
        .then(expect_post(FIRST), expired())
        .then(expect_login(), Respond::problem(429, "rate_limited").retry_after(3))
        .then(expect_login(), token(SECOND))
        .then(expect_post(SECOND), posted())
        .then(expect_post(SECOND), posted());
    post(&script).expect("it is posted in the end");
    post(&script).expect("the next one, too");
    script.assert_done();
    let times: Vec<_> = script.requests().iter().map(|request| request.at).collect();
    assert!(times[4].saturating_duration_since(times[3]) >= Duration::from_secs(3), "it waits as the server requires");
}

#[test]
fn unauthorized_without_its_body_may_be_an_expiry() {
    let head = http::Response::builder().status(401).body(()).expect("it is a head");
    let cut = || {
        let cut = TransportError::new(TransportErrorKind::Disconnected, "cut").with_sent(true);
        Respond::error(cut.with_head(head.clone()))
    };
    let repeated = script()
        .then(expect_login(), token(FIRST))
        .then(expect_post(FIRST), cut())
        .then(expect_post(FIRST), expired())
        .then(expect_login(), token(SECOND))
        .then(expect_post(SECOND), posted());
    post(&repeated).expect("it is posted");
    repeated.assert_done();
    for posts_once in [true, false] {
        // The server did not act on a request that it refuses, whatever the body says.
        let script = || Script::with_config(config(TokenProtocol { posts_once, ..TokenProtocol::default() }));
        let repeated = script()
            .then(expect_login(), token(FIRST))
            .then(expect_post(FIRST), cut())
            .then(expect_post(FIRST), posted());
        post(&repeated).expect("it is posted");
        repeated.assert_done();
        let script = script().then(expect_login(), token(FIRST));
        let script = (0..4).fold(script, |script, _| script.then(expect_post(FIRST), cut()));
        let error = post(&script).expect_err("all attempts are refused");
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, false));
        script.assert_done();
    }
    // Repeating the login would count as another failed login.
    let login = script().then(expect_login(), cut());
    assert_eq!(post(&login).expect_err("it is refused").kind(), ErrorKind::Auth);
    login.assert_done();
}

#[test]
fn feed_retries_a_login_that_may_succeed_later() {
    let page = Respond::status(404).body("text/html", "<html>");
    let tls = Respond::error(TransportError::new(TransportErrorKind::Tls, "the certificate has expired"));
    for (failure, is_retried) in [
        (tls, true),
        (page, true),
        (Respond::status(403).body("text/html", "<html>"), true),
        (Respond::status(302).header("location", "https://portal.example/"), true),
        (Respond::status(429), true),
        (Respond::problem(503, "overloaded"), true),
        (Respond::problem(401, "auth"), false),
        // Each retry would be another login, which may lock the account.
        (Respond::status(401), false),
        (Respond::problem(403, "account_disabled"), false),
        (Respond::problem(404, "no_such_bot"), false),
        (Respond::json(200, json!({})), false),
        (token("short"), false),
        (Respond::status(200).body("text/html", "<html>"), false),
        (Respond::status(200).header("content-encoding", "gzip").body("application/json", "{}"), false),
    ] {
        let case = format!("{failure:?}");
        let never = config(TokenProtocol::default()).with_retry(RetryPolicy::NEVER);
        let script = Script::with_config(never).then(expect_login(), failure);
        let mut feed = Client::new(script.clone()).chats().reaction_updates(FeedOptions::default());
        let event = feed.next().expect("the login fails");
        assert_eq!(matches!(event, Ok(FeedEvent::Retrying(_))), is_retried, "{case}: {event:?}");
        script.assert_done();
    }
}

#[test]
fn check_blames_the_credentials_only_for_a_refused_login() {
    let refused = script().then(expect_login(), Respond::problem(401, "auth"));
    let error = Client::new(refused).check().expect_err("the login is refused");
    assert!(format!("{error:#}").contains("one is wrong, or the key has been revoked"), "{error:#}");

    let refused =
        script().then(expect_login(), token(FIRST)).then(Expect::get("/v1/me"), Respond::problem(401, "auth"));
    let error = Client::new(refused).check().expect_err("it is refused");
    assert!(format!("{error:#}").contains("the login succeeded"), "{error:#}");
    assert!(!format!("{error:#}").contains("revoked"), "{error:#}");
}
