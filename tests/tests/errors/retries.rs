//! Retries: their conditions, and the waits before them.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Utc};
use teamwire_core::{
    Client, Config, ErrorKind, Script,
    config::{RetryPolicy, Timeouts},
    effect::{TransportError, TransportErrorKind},
    executor::Manual,
    machine::{Machine, Reply, Step},
    script::{Expect, Respond},
};
use teamwire_tests::operations::{ENTROPY, Operation, ScriptRun, TID, config, now};

/// Returns the times of the operation's requests, in ms after the first.
fn times(played: &ScriptRun) -> Vec<u128> {
    let requests = played.script.requests();
    requests[1..].iter().map(|request| request.at.saturating_duration_since(requests[1].at).as_millis()).collect()
}

fn fine() -> Respond {
    Operation::Post.scripted()
}

/// Posts with these responses. Returns the times of the requests.
#[track_caller]
fn posted(responses: impl IntoIterator<Item = Respond>) -> Vec<u128> {
    let played = Operation::Post.play(config(), responses);
    if let Err(error) = &played.outcome {
        panic!("{error}");
    }
    times(&played)
}

/// Posts with this first response. Asserts that the retry follows after `ms` and an initial backoff.
#[track_caller]
fn waits(response: Respond, ms: u128) {
    let times = posted([response, fine()]);
    assert!((ms + 250..=ms + 500).contains(&times[1]), "{times:?}, not {ms} ms");
}

/// Posts, and expects an error after one request. Returns its kind.
#[track_caller]
fn refused_at_once(config: Config, response: Respond) -> ErrorKind {
    Operation::Post.play(config, [response]).outcome.expect_err("it was refused").kind()
}

#[test]
fn post_that_may_have_arrived_is_retried_with_the_same_key() {
    for failure in
        [Respond::connection_lost(), Respond::timeout(), Respond::status(500), Respond::problem(504, "server")]
    {
        let played = Operation::Post.play(config(), [failure, fine()]);
        assert!(played.outcome.is_ok(), "{:?}", played.outcome);
        let requests = played.script.requests();
        assert!(requests[1].header("idempotency-key").is_some());
        assert_eq!(requests[1].header("idempotency-key"), requests[2].header("idempotency-key"));
        assert_eq!(requests[1].request.body(), requests[2].request.body());
    }
}

#[test]
fn two_posts_have_two_keys() {
    let played = Operation::Post.play(config(), [fine()]);
    let _ = played.script.clone().always(Expect::post(played.script.requests()[1].path()), fine());
    played.bot.chat.post("hello").expect("the script has a response");
    let requests = played.script.requests();
    assert_ne!(requests[1].header("idempotency-key"), requests[2].header("idempotency-key"));
}

#[test]
fn transient_failure_is_retried() {
    for status in [408, 429, 500, 502, 503, 504] {
        assert_eq!(posted([Respond::status(status), fine()]).len(), 2, "{status}");
    }
    for kind in [
        TransportErrorKind::Resolve,
        TransportErrorKind::Connect,
        TransportErrorKind::Timeout,
        TransportErrorKind::Disconnected,
    ] {
        assert_eq!(posted([Respond::error(TransportError::new(kind, "failure")), fine()]).len(), 2, "{kind:?}");
    }
}

#[test]
fn permanent_failure_is_not_retried() {
    for status in [400, 401, 403, 404, 405, 410, 413, 415, 422, 501, 505, 304] {
        refused_at_once(config(), Respond::problem(status, "server"));
    }
    for kind in [TransportErrorKind::Tls, TransportErrorKind::Protocol, TransportErrorKind::TooLarge] {
        refused_at_once(config(), Respond::error(TransportError::new(kind, "failure")));
    }
    refused_at_once(config(), Respond::status(201).body("text/html", "<html>"));
}

#[test]
fn retry_after_is_obeyed_and_a_wait_of_our_own_is_added() {
    for status in [429, 500, 503] {
        for seconds in [0, 1, 37, 60] {
            waits(Respond::status(status).retry_after(seconds), u128::from(seconds) * 1000);
        }
    }
    let script = Script::new();
    let chats = Client::new(script.clone());
    let waits = (0..20).map(|_| {
        let post = || Expect::post("/v1/chats/c1/messages");
        let _ = script.clone().then(post(), Respond::status(503).retry_after(1)).then(post(), fine());
        chats.chats().chat("c1").post("hello").expect("it is posted");
        let requests = script.requests();
        requests[requests.len() - 1].at.saturating_duration_since(requests[requests.len() - 2].at)
    });
    let waits: BTreeSet<_> = waits.collect();
    assert!(waits.len() > 10, "those who were asked the same do not come back at the same time: {waits:?}");
}

#[test]
fn retry_after_may_be_a_date_in_each_form_of_http() {
    // Scripts begin at 2026-01-01 00:00:00 UTC, a Thursday.
    for (date, seconds) in [
        ("Thu, 01 Jan 2026 00:00:42 GMT", 42),
        ("Thursday, 01-Jan-26 00:00:42 GMT", 42),
        ("Thu Jan  1 00:00:42 2026", 42),
        ("Wed, 31 Dec 2025 23:59:59 GMT", 0),
    ] {
        waits(Respond::status(503).header("retry-after", date), seconds * 1000);
    }
}

#[test]
fn longer_wait_than_the_limit_is_an_error_at_once() {
    for (value, wait) in [
        ("61", Duration::from_secs(61)),
        ("60.5", Duration::from_millis(60_500)),
        ("18446744073709551615", Duration::from_secs(u64::MAX)),
        ("99999999999999999999", Duration::MAX),
        ("Thu, 01 Jan 2026 00:01:01 GMT", Duration::from_secs(61)),
    ] {
        for (status, kind) in [(429, ErrorKind::RateLimited), (503, ErrorKind::Server)] {
            let played = Operation::Post.play(config(), [Respond::status(status).header("retry-after", value)]);
            let error = played.outcome.expect_err("it was refused");
            assert_eq!((error.kind(), error.retry_after()), (kind, Some(wait)), "{value}");
        }
    }
}

#[test]
fn retry_after_that_means_nothing_is_as_none() {
    for value in ["soon", "-1", "soon,later", "1 day", "", "Thu, 01 Jan 2026", "32 Jan 2026 00:00:00 GMT"] {
        waits(Respond::status(503).header("retry-after", value), 0);
    }
}

#[test]
fn fractional_retry_after_is_obeyed() {
    for (value, ms) in [("1.5", 1_500), ("30s", 30_000), ("2 s", 2_000), ("0.0", 0)] {
        waits(Respond::status(503).header("retry-after", value), ms);
    }
}

#[test]
fn waits_double_and_keep_at_least_half() {
    let failure = || Respond::status(500);
    let times = posted([failure(), failure(), failure(), fine()]);
    let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (wait, full) in waits.iter().zip([500, 1000, 2000]) {
        assert!((full / 2..=full).contains(wait), "{waits:?}");
    }
}

#[test]
fn last_error_is_raised_when_the_attempts_are_used_up() {
    let failures =
        [Respond::connection_lost(), Respond::status(500), Respond::unreachable(), Respond::problem(502, "server")];
    let played = Operation::Post.play(config(), failures);
    assert_eq!(played.outcome.expect_err("it was refused").status(), Some(502));
}

#[test]
fn policy_of_never_tries_once() {
    let never = || config().with_retry(RetryPolicy::NEVER);
    assert_eq!(refused_at_once(never(), Respond::connection_lost()), ErrorKind::Connection);
    assert_eq!(refused_at_once(never(), Respond::status(503).retry_after(0)), ErrorKind::Server);
    assert_eq!(refused_at_once(never(), Respond::status(503).retry_after(1)), ErrorKind::Server);
    assert_eq!(refused_at_once(never(), Respond::problem(409, "in_progress")), ErrorKind::Server);
    let stale = Respond::error(
        TransportError::new(TransportErrorKind::Disconnected, "closed").with_sent(true).with_reused(true),
    );
    assert_eq!(refused_at_once(never(), stale), ErrorKind::Connection);
}

#[test]
fn policy_of_many_tries_that_often() {
    let often = config().with_retry(RetryPolicy { max_retries: 20, ..RetryPolicy::default() });
    let played = Operation::Me.play(often, (0..21).map(|_| Respond::status(500)));
    let longest = times(&played).windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(longest.is_some_and(|wait| (15_000..=30_000).contains(&wait)), "{longest:?}");
}

#[test]
fn first_request_that_is_still_worked_on_is_waited_for() {
    let busy = || Respond::problem(409, "in_progress");
    assert_eq!(posted([busy(), busy(), fine()]).len(), 3);
    waits(busy().retry_after(2), 2000);
}

#[test]
fn first_request_is_waited_for_as_long_as_it_may_take() {
    let busy = |_| Respond::problem(409, "in_progress").delay(Duration::from_millis(100));
    // Within the request timeout of 10 s, and then as often as the policy allows.
    let times = posted([Respond::connection_lost()].into_iter().chain((0..5).map(busy)).chain([fine()]));
    assert!(times.len() == 7 && times[6] > 4_000, "{times:?}");
    let script = Script::new().always(Expect::post("/v1/chats/c1/messages"), busy(0));
    let error = Client::new(script.clone()).chats().chat("c1").post("hello").expect_err("it never ends");
    assert_eq!(error.code(), Some("in_progress"));
    let lasted = script.requests().last().expect("it was sent").at.since_epoch();
    assert!((10..30).contains(&lasted.as_secs()), "{lasted:?}");
}

/// These responses do not count as failures, so a policy without waits would repeat the request without end.
#[test]
fn first_request_is_waited_for_although_the_policy_has_no_waits() {
    let busy = || Respond::problem(409, "in_progress");
    let policy = RetryPolicy { initial_backoff: Duration::ZERO, max_backoff: Duration::ZERO, ..RetryPolicy::default() };
    let played = Operation::Post.play(config().with_retry(policy), [busy(), busy(), busy(), fine()]);
    assert_eq!(times(&played), [0, 100, 300, 700]);
}

#[test]
fn no_other_conflict_is_tried_again() {
    for response in [Respond::problem(409, "conflict"), Respond::problem(409, "lease_expired"), Respond::status(409)] {
        refused_at_once(config(), response);
    }
    refused_at_once(config(), Respond::problem(404, "in_progress"));
}

#[test]
fn stale_connection_is_replaced_at_once_and_once() {
    let stale = || {
        Respond::error(
            TransportError::new(TransportErrorKind::Disconnected, "closed").with_sent(true).with_reused(true),
        )
    };
    assert_eq!(posted([stale(), fine()]), [0, 0]);
    let times = posted([stale(), stale(), fine()]);
    assert!(times[1] == 0 && times[2] >= 250, "{times:?}");
    let once = config().with_retry(RetryPolicy { max_retries: 1, ..RetryPolicy::default() });
    let played = Operation::Post.play(once.clone(), [stale(), Respond::status(500), fine()]);
    assert!(played.outcome.is_ok(), "it costs no attempt");
    assert!(Operation::Post.play(once, [stale(), stale(), Respond::status(500)]).outcome.is_err());
}

#[test]
fn otherwise_lost_connection_is_not_stale() {
    let lost = || TransportError::new(TransportErrorKind::Disconnected, "closed").with_sent(true);
    for fault in [
        lost(),
        lost().with_reused(true).with_received(1),
        TransportError::new(TransportErrorKind::Timeout, "late").with_reused(true),
    ] {
        let times = posted([Respond::error(fault), fine()]);
        assert!(times[1] >= 250, "{times:?}");
    }
}

#[test]
fn each_attempt_has_the_whole_timeout() {
    let times = posted([Respond::timeout(), fine().delay(Duration::from_secs(10))]);
    assert!((10_250..=10_500).contains(&times[1]), "{times:?}");
    let short = config().with_timeouts(Timeouts { request: Duration::from_secs(2), ..Timeouts::default() });
    let played = Operation::Post.play(short, [fine().delay(Duration::from_secs(3)), fine()]);
    assert!((2_250..=2_500).contains(&times_of(&played)[1]));
}

fn times_of(played: &ScriptRun) -> Vec<u128> {
    assert!(played.outcome.is_ok());
    times(played)
}

#[test]
fn wait_that_moves_the_wall_clock_counts_from_the_response() {
    // The date is 42 s after the response, which itself takes 5 s.
    let utc: DateTime<Utc> = "2026-01-01T00:00:47Z".parse().expect("a date");
    let response = Respond::status(503).header("retry-after", utc.to_rfc2822()).delay(Duration::from_secs(5));
    waits(response, 47_000);
}

#[test]
fn every_operation_is_tried_again() {
    for operation in Operation::ALL {
        let played = operation.play(config(), [Respond::connection_lost(), Respond::status(503), operation.scripted()]);
        assert!(played.outcome.is_ok(), "{operation:?}: {:?}", played.outcome);
        assert_eq!(times(&played).len(), 3);
        let requests = &played.script.requests()[1..];
        let keys: Vec<_> = requests.iter().map(|request| request.header("idempotency-key")).collect();
        assert_eq!(keys[0].is_some(), requests[0].request.method() != "GET", "{operation:?}");
        assert!(keys.iter().all(|key| *key == keys[0]), "{operation:?}: all attempts have the same key, not {keys:?}");
    }
}

#[test]
fn outcome_stays_unknown_if_a_later_attempt_fails() {
    let client = Client::new(Manual::new(config(), ENTROPY, now()));
    let chat = client.chats().chat(TID);
    let mut post = chat.post("hello");
    let mut now = now();
    for attempt in 0_u64.. {
        match post.poll(now) {
            Step::Send(ticket, _) => {
                let kind = if attempt == 0 { TransportErrorKind::Timeout } else { TransportErrorKind::Connect };
                post.handle(now, ticket, Reply::Error(TransportError::new(kind, "cut").with_sent(attempt == 0)));
            }
            Step::Sleep(until) => now.moment = until,
            Step::Done(Err(error)) => return assert!(error.outcome_unknown(), "{error:?}"),
            other => panic!("{other:?}"),
        }
    }
}
