//! The ends of lists that are stopped, dropped or out of time, and what an observer sees.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use teamwire_core::{
    Config, Credentials, ErrorKind, Script, StopHandle,
    effect::Now,
    observe::Observation,
    script::{
        Expect, Respond,
        v1::{expect, respond},
    },
};
use teamwire_tests::executor_test;

use crate::support::{Scripted, read, users};

fn next_users(cursor: &str) -> Expect {
    Expect::from(expect::users()).query("cursor", cursor)
}

fn two_pages() -> Script {
    Script::new()
        .then(expect::users(), users(&["u1", "u2"], Some("a")))
        .then(next_users("a"), users(&["u3"], Some("b")))
}

#[executor_test(adapters)]
fn stopped_list_hands_out_what_has_arrived_and_is_not_taken_for_complete<H: Scripted>() {
    for of_client in [false, true] {
        let (script, stop) = (two_pages(), StopHandle::new());
        let mut list = H::scripted(&script).stopped_by(&stop).contacts().users_iter();
        assert_eq!(read::<H>(&mut list, 1).0, ["u1"]);
        if of_client {
            stop.stop();
        } else {
            H::stop(&mut list);
        }
        let (uids, error) = read::<H>(&mut list, 9);
        assert_eq!(uids.first().map(String::as_str), Some("u2"), "it had arrived");
        let error = error.expect("the rest is missing");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert!(!error.outcome_unknown(), "a list changes nothing");
        assert!(H::next(&mut list).is_none());
        assert_eq!(script.requests().len(), 2, "nothing more is sent");
    }
}

#[executor_test(adapters)]
fn list_that_has_arrived_completely_is_complete_after_a_stop<H: Scripted>() {
    let script = Script::new().then(expect::users(), users(&["u1", "u2"], None));
    let mut list = H::scripted(&script).contacts().users_iter();
    assert_eq!(read::<H>(&mut list, 1).0, ["u1"]);
    H::stop(&mut list);
    let (uids, error) = read::<H>(&mut list, 9);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(uids, ["u2"]);
    assert!(H::end(&list).is_some());
}

#[executor_test(adapters)]
fn list_that_is_stopped_before_its_first_item_sends_nothing<H: Scripted>() {
    let script = Script::new();
    let mut list = H::scripted(&script).contacts().users_iter();
    H::stop(&mut list);
    assert_eq!(read::<H>(&mut list, 1).1.expect("it is stopped").kind(), ErrorKind::Cancelled);
    assert!(script.requests().is_empty());
}

#[executor_test(adapters)]
fn list_ends_at_the_deadline_of_its_client<H: Scripted>() {
    let script = Script::new()
        .then(expect::users(), users(&["u1"], Some("a")))
        .then(next_users("a"), respond::unavailable(3_600));
    let mut list = H::scripted(&script).with_deadline(Duration::from_secs(60)).contacts().users_iter();
    let (uids, error) = read::<H>(&mut list, 9);
    assert_eq!((uids.len(), error.expect("the wait is longer").kind()), (1, ErrorKind::Server));
    script.assert_done();
}

#[executor_test(adapters)]
fn list_is_observed_as_one_operation<H: Scripted>() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&lines);
    let observer = move |_: Now, observation: &Observation<'_>| {
        log.lock().expect("no observer has panicked").push(match observation {
            Observation::Started { operation, .. } => format!("started {operation}"),
            Observation::Attempt { attempt, .. } => format!("attempt {attempt}"),
            Observation::Retrying { attempt, error, .. } => format!("retrying {attempt}: {}", error.kind()),
            Observation::Finished { attempts, error, .. } => format!("finished {attempts}: {}", error.is_none()),
            Observation::Abandoned { operation, .. } => format!("abandoned {operation}"),
            other => panic!("a list is an operation: {other:?}"),
        });
    };
    let take = || std::mem::take(&mut *lines.lock().expect("no observer has panicked"));
    let credentials = Credentials::new("app-id", "the secret").expect("they are valid");
    let config = Config::new("https://teamwire.example", credentials).expect("it is a URL").with_observer(observer);
    let script = Script::with_config(config)
        .on(next_users("a"), [Respond::unreachable(), users(&["u3"], None), respond::forbidden()])
        .on(expect::users(), [users(&["u1", "u2"], Some("a")).times(2)]);
    let client = H::scripted(&script);
    let mut list = client.contacts().users_iter();
    assert!(take().is_empty(), "nothing has started");
    assert_eq!(read::<H>(&mut list, 9).0, ["u1", "u2", "u3"]);
    drop(list);
    let complete =
        ["started users_iter", "attempt 1", "attempt 2", "retrying 2: connection", "attempt 3", "finished 3: true"];
    assert_eq!(take(), complete);

    let mut list = client.contacts().users_iter();
    read::<H>(&mut list, 2);
    drop(list);
    assert_eq!(take(), ["started users_iter", "attempt 1", "attempt 2", "abandoned users_iter"]);
    drop(client.contacts().users_iter());
    assert!(take().is_empty(), "it has not started");
}
