//! When there is another attempt, when there is none, and how long it waits.

use std::time::Duration;

use chrono::{DateTime, Utc};
use teamwire_core::{Config, ErrorKind, Fault, FaultKind, RetryPolicy, Timeouts, script::Answer};
use teamwire_tests::operations::{Operation, Played, config};

/// When each request of the operation itself was sent, in ms after the first.
fn times(played: &Played) -> Vec<u128> {
    let requests = played.script.requests();
    requests[1..].iter().map(|request| request.at.since(requests[1].at).as_millis()).collect()
}

fn fine() -> Answer {
    Operation::Post.scripted()
}

/// Posts, with these answers; when the requests were sent.
#[track_caller]
fn posted(answers: impl IntoIterator<Item = Answer>) -> Vec<u128> {
    let played = Operation::Post.play(config(), answers);
    if let Err(error) = &played.outcome {
        panic!("{error}");
    }
    times(&played)
}

/// Posts once, in vain; the kind of the error.
#[track_caller]
fn refused_at_once(config: Config, answer: Answer) -> ErrorKind {
    Operation::Post.play(config, [answer]).outcome.expect_err("it was refused").kind()
}

#[test]
fn a_post_that_may_have_arrived_is_sent_again_with_the_same_key() {
    for trouble in [Answer::lost(), Answer::silence(), Answer::status(500), Answer::problem(504, "server")] {
        let played = Operation::Post.play(config(), [trouble, fine()]);
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
    let _ =
        played.script.clone().always(teamwire_core::script::Expect::post(played.script.requests()[1].path()), fine());
    played.bot.chat.post("hello").expect("it is answered");
    let requests = played.script.requests();
    assert_ne!(requests[1].header("idempotency-key"), requests[2].header("idempotency-key"));
}

#[test]
fn what_may_well_succeed_later_is_tried_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        assert_eq!(posted([Answer::status(status), fine()]).len(), 2, "{status}");
    }
    for kind in [FaultKind::Resolve, FaultKind::Connect, FaultKind::Timeout, FaultKind::Lost] {
        assert_eq!(posted([Answer::fault(Fault::new(kind, "trouble")), fine()]).len(), 2, "{kind:?}");
    }
}

#[test]
fn what_does_not_get_better_is_not_tried_again() {
    for status in [400, 401, 403, 404, 405, 410, 413, 415, 422, 501, 505, 304] {
        refused_at_once(config(), Answer::problem(status, "server"));
    }
    for kind in [FaultKind::Tls, FaultKind::Protocol, FaultKind::TooLarge] {
        refused_at_once(config(), Answer::fault(Fault::new(kind, "trouble")));
    }
    refused_at_once(config(), Answer::status(201).body("text/html", "<html>"));
}

#[test]
fn retry_after_is_obeyed_to_the_second() {
    for status in [429, 500, 503] {
        for seconds in [0, 1, 37, 60] {
            let times = posted([Answer::status(status).retry_after(seconds), fine()]);
            assert_eq!(times, [0, u128::from(seconds) * 1000], "{status}");
        }
    }
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
        assert_eq!(posted([Answer::status(503).header("retry-after", date), fine()]), [0, seconds * 1000], "{date}");
    }
}

#[test]
fn a_server_that_asks_for_more_than_the_patience_ends_it_at_once() {
    for (value, seconds) in [("61", 61), ("18446744073709551615", u64::MAX), ("Thu, 01 Jan 2026 00:01:01 GMT", 61)] {
        for (status, kind) in [(429, ErrorKind::RateLimited), (503, ErrorKind::Server)] {
            let played = Operation::Post.play(config(), [Answer::status(status).header("retry-after", value)]);
            let error = played.outcome.expect_err("it was refused");
            assert_eq!((error.kind(), error.retry_after()), (kind, Some(Duration::from_secs(seconds))), "{value}");
        }
    }
}

#[test]
fn a_retry_after_that_means_nothing_is_as_none() {
    for value in ["soon", "-1", "1.5", "", "Thu, 01 Jan 2026", "18446744073709551616", "32 Jan 2026 00:00:00 GMT"] {
        let times = posted([Answer::status(503).header("retry-after", value), fine()]);
        assert!((250..=500).contains(&times[1]), "{value}: {times:?}");
    }
}

#[test]
fn waits_double_and_keep_at_least_half() {
    let trouble = || Answer::status(500);
    let times = posted([trouble(), trouble(), trouble(), fine()]);
    let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (wait, full) in waits.iter().zip([500, 1000, 2000]) {
        assert!((full / 2..=full).contains(wait), "{waits:?}");
    }
}

#[test]
fn the_last_error_is_raised_when_the_attempts_are_used_up() {
    let troubles = [Answer::lost(), Answer::status(500), Answer::unreachable(), Answer::problem(502, "server")];
    let played = Operation::Post.play(config(), troubles);
    assert_eq!(played.outcome.expect_err("it was refused").status(), Some(502));
}

#[test]
fn a_policy_of_never_tries_once() {
    let never = || config().with_retry(RetryPolicy::NEVER);
    assert_eq!(refused_at_once(never(), Answer::lost()), ErrorKind::Connection);
    assert_eq!(refused_at_once(never(), Answer::status(503).retry_after(0)), ErrorKind::Server);
    assert_eq!(refused_at_once(never(), Answer::status(503).retry_after(1)), ErrorKind::Server);
}

#[test]
fn a_policy_of_many_tries_that_often() {
    let often = config().with_retry(RetryPolicy { retries: 20, ..RetryPolicy::default() });
    let played = Operation::Me.play(often, (0..21).map(|_| Answer::status(500)));
    let longest = times(&played).windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(longest.is_some_and(|wait| (15_000..=30_000).contains(&wait)), "{longest:?}");
}

#[test]
fn a_first_request_that_is_still_worked_on_is_waited_for() {
    let busy = || Answer::problem(409, "in_progress");
    assert_eq!(posted([busy(), busy(), fine()]).len(), 3);
    assert_eq!(posted([busy().retry_after(2), fine()]), [0, 2000]);
}

#[test]
fn no_other_conflict_is_tried_again() {
    for answer in [Answer::problem(409, "conflict"), Answer::problem(409, "lease_expired"), Answer::status(409)] {
        refused_at_once(config(), answer);
    }
    refused_at_once(config(), Answer::problem(404, "in_progress"));
}

#[test]
fn a_connection_that_had_gone_stale_is_replaced_at_once_and_once() {
    let stale = || Answer::fault(Fault::new(FaultKind::Lost, "closed").sent(true).reused(true));
    assert_eq!(posted([stale(), fine()]), [0, 0]);
    let times = posted([stale(), stale(), fine()]);
    assert!(times[1] == 0 && times[2] >= 250, "{times:?}");
    let never = config().with_retry(RetryPolicy::NEVER);
    assert!(Operation::Post.play(never.clone(), [stale(), fine()]).outcome.is_ok(), "it costs no attempt");
    assert!(Operation::Post.play(never, [stale(), stale()]).outcome.is_err());
}

#[test]
fn a_connection_that_was_lost_otherwise_is_no_stale_one() {
    let lost = || Fault::new(FaultKind::Lost, "closed").sent(true);
    for fault in [lost(), lost().reused(true).received(1), Fault::new(FaultKind::Timeout, "late").reused(true)] {
        let times = posted([Answer::fault(fault), fine()]);
        assert!(times[1] >= 250, "{times:?}");
    }
}

#[test]
fn each_attempt_has_the_whole_timeout() {
    let times = posted([Answer::silence(), fine().after(Duration::from_secs(10))]);
    assert!((10_250..=10_500).contains(&times[1]), "{times:?}");
    let short = config().with_timeouts(Timeouts { default: Duration::from_secs(2), ..Timeouts::default() });
    let played = Operation::Post.play(short, [fine().after(Duration::from_secs(3)), fine()]);
    assert!((2_250..=2_500).contains(&times_of(&played)[1]));
}

fn times_of(played: &Played) -> Vec<u128> {
    assert!(played.outcome.is_ok());
    times(played)
}

#[test]
fn a_wait_that_takes_the_wall_clock_along_is_counted_from_the_answer() {
    // The date is 42 s after the answer, which itself takes 5 s.
    let utc: DateTime<Utc> = "2026-01-01T00:00:47Z".parse().expect("a date");
    let answer = Answer::status(503).header("retry-after", utc.to_rfc2822()).after(Duration::from_secs(5));
    assert_eq!(posted([answer, fine()]), [0, 47_000]);
}

#[test]
fn every_operation_is_tried_again() {
    for operation in Operation::ALL {
        let played = operation.play(config(), [Answer::lost(), Answer::status(503), operation.scripted()]);
        assert!(played.outcome.is_ok(), "{operation:?}: {:?}", played.outcome);
        assert_eq!(times(&played).len(), 3);
    }
}
