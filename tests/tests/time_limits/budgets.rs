//! Retry policies of clients, and their limit on time.

use teamwire_core::{
    Client, ErrorKind, Script,
    config::RetryPolicy,
    effect::Moment,
    script::{
        Respond,
        v1::{expect, respond},
    },
};

use crate::support::{SECOND, always, elapsed, post, posted};

#[test]
fn client_with_another_policy_leaves_the_first_as_it_was() {
    let script = always(respond::unavailable(1));
    let client = Client::new(script.clone());
    let once = client.with_retry(RetryPolicy::NEVER);
    post(&once).expect_err("the server is unavailable");
    assert_eq!(script.requests().len(), 1);
    post(&client).expect_err("the server is unavailable");
    assert_eq!(script.requests().len(), 1 + 4, "one attempt and three retries");
}

#[test]
fn it_retries_as_often_as_fits_into_the_time() {
    let script = always(Respond::unreachable());
    let client = Client::new(script.clone()).with_retry(RetryPolicy::within(600 * SECOND));
    let error = post(&client).expect_err("the server is unreachable");
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert!(error.to_string().contains("scripted failure"), "it is the last error: {error}");
    let attempts = script.requests().len();
    assert!((20..60).contains(&attempts), "{attempts} attempts, 15 s to 30 s apart");
    let elapsed = elapsed(&script);
    assert!(570 * SECOND < elapsed && elapsed < 600 * SECOND, "a wait that does not fit is not started: {elapsed:?}");
    let keys: Vec<_> =
        script.requests().iter().map(|request| request.header("idempotency-key").map(str::to_owned)).collect();
    assert!(keys.iter().all(|key| key.is_some() && *key == keys[0]), "it is the same post");
}

#[test]
fn retry_after_that_does_not_fit_is_not_waited_for() {
    for status in [429, 503] {
        for (seconds, attempts) in [(3, 2), (60, 1)] {
            let script = Script::new()
                .then(expect::post("c1"), Respond::status(status).retry_after(seconds))
                .then(expect::post("c1"), posted());
            let client = Client::new(script.clone()).with_retry(RetryPolicy::within(10 * SECOND));
            let result = post(&client);
            assert_eq!(result.is_ok(), attempts == 2, "{status}: {result:?}");
            assert_eq!(script.requests().len(), attempts);
            if let Err(error) = result {
                assert_eq!(error.retry_after(), Some(60 * SECOND), "{error}");
                assert_eq!(elapsed(&script).as_secs(), 0);
            }
        }
    }
}

#[test]
fn attempt_is_cut_off_at_the_end_of_the_time() {
    let script = always(Respond::timeout());
    let client = Client::new(script.clone()).with_retry(RetryPolicy::within(14 * SECOND));
    let error = post(&client).expect_err("the server does not respond");
    assert!(error.outcome_unknown(), "{error}");
    // 10 s, the backoff of half a second at most, and the rest.
    assert_eq!(script.requests().len(), 2);
    assert_eq!(elapsed(&script), 14 * SECOND);
}

#[test]
fn time_of_a_policy_starts_with_each_request() {
    let script = always(posted());
    let client = Client::new(script.clone()).with_retry(RetryPolicy::within(10 * SECOND));
    for _ in 0..3 {
        script.advance(60 * SECOND);
        post(&client).expect("it is posted");
    }
}

#[test]
fn pause_of_the_session_is_shared_but_waited_for_only_if_it_fits() {
    let client = Client::new(Script::new().then(expect::post("c1"), respond::rate_limited(30)));
    post(&client.with_retry(RetryPolicy::NEVER)).expect_err("it is limited");
    let error = post(&client.with_retry(RetryPolicy::within(5 * SECOND))).expect_err("the pause is too long");
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    assert!(error.retry_after().is_some_and(|wait| wait <= 30 * SECOND), "{error:?}");
    assert_eq!(client.now().moment, Moment::EPOCH, "nothing was waited for");
}
