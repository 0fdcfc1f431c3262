//! The operation that an error names, its attempts, and the reason why there was not another.

use std::{collections::BTreeSet, time::Duration};

use teamwire_core::{
    Client, Error, FeedEvent, Script, StopHandle,
    config::RetryPolicy,
    error::{During, GaveUp, Operation},
    script::{
        Expect, Respond,
        v1::{expect, respond},
    },
};
use teamwire_tests::operations::{self, Class, OperationKind, TID, documented};

const DOCUMENT: &str = include_str!("../../../docs/operations.md");

fn during(error: &Error) -> &During {
    error.during().expect("the error of an operation names it")
}

fn post(client: &Client<Script>) -> Error {
    client.chats().chat("c1").post("hello").expect_err("the script has only failures")
}

fn always(failure: Respond) -> Client<Script> {
    Client::new(Script::new().always(expect::post("c1"), failure))
}

#[test]
fn every_operation_is_named_by_its_error() {
    let config = || operations::config().with_retry(RetryPolicy::NEVER);
    for operation in operations::Operation::ALL {
        let played = operation.play(config(), [Respond::unreachable()]);
        let error = played.outcome.expect_err("the server is unreachable");
        let During { operation: named, chat, attempts, gave_up, .. } = during(&error);
        let python = named.python.and_then(|name| name.rsplit('.').next()).unwrap_or(named.name);
        assert_eq!(python, operation.name(), "{error}");
        assert_eq!((*attempts, *gave_up), (1, Some(GaveUp::Attempts)), "{error}");
        let place = match operation.class() {
            Class::Chat => format!("{} in chat {TID}: ", named.name),
            Class::Chats | Class::Contacts => format!("{}: ", named.name),
        };
        assert_eq!(chat.as_ref().map(ToString::to_string), place.contains(TID).then(|| TID.to_owned()));
        assert!(error.to_string().starts_with(&place), "{error}");
    }
}

#[test]
fn the_table_is_that_of_the_documents() {
    let has_errors = |kind| matches!(kind, OperationKind::Request | OperationKind::Subscription);
    let rows = documented().into_iter().filter(|row| has_errors(row.kind));
    let rows: BTreeSet<_> = rows.map(|row| format!("{}.{}", row.class, row.name)).collect();
    let python: BTreeSet<_> = Operation::ALL.iter().filter_map(|it| it.python.map(str::to_owned)).collect();
    assert_eq!(rows, python);

    let lines: Vec<_> = DOCUMENT.lines().filter(|line| line.starts_with("| ")).collect();
    for Operation { name, python, .. } in Operation::ALL.iter().copied() {
        let has_call = |line: &&&str| {
            let mut matches = line.match_indices(name).map(|(at, _)| (&line[..at], &line[at + name.len()..]));
            matches.any(|(before, after)| before.ends_with(['.', '`']) && after.starts_with(['(', '`']))
        };
        let line = lines.iter().find(has_call).unwrap_or_else(|| panic!("docs/operations.md has no `{name}`"));
        if let Some(python) = python {
            let (class, python) = python.split_once('.').expect("a class and a name");
            let row = format!("| `{}.{python}` |", class.to_lowercase());
            assert!(line.starts_with(&row), "{line}: not {row}");
        }
    }
    let names: BTreeSet<_> = Operation::ALL.iter().map(|operation| operation.name).collect();
    assert_eq!(names.len(), Operation::ALL.len());
}

#[test]
fn the_reason_for_giving_up_is_named() {
    let lost = Respond::connection_lost;
    let minute = Duration::from_secs(60);
    for (client, reason, attempts) in [
        (always(lost()), GaveUp::Attempts, 4..=4),
        (always(lost()).with_retry(RetryPolicy::NEVER), GaveUp::Attempts, 1..=1),
        (always(lost()).with_retry(RetryPolicy::within(minute)), GaveUp::Budget, 5..=20),
        (always(lost()).with_retry(RetryPolicy::within(minute)).with_deadline(minute / 2), GaveUp::Deadline, 4..=10),
        (always(lost()).with_retry(RetryPolicy::within(minute / 2)).with_deadline(minute), GaveUp::Budget, 4..=10),
        (always(lost()).with_deadline(Duration::ZERO), GaveUp::Deadline, 0..=0),
        (always(respond::unavailable(90)), GaveUp::RetryAfter, 1..=1),
        (always(respond::rate_limited(90)), GaveUp::RetryAfter, 1..=1),
        (always(respond::unauthorised()), GaveUp::NotTransient, 1..=1),
    ] {
        let error = post(&client);
        assert_eq!(during(&error).gave_up, Some(reason), "{error}");
        assert!(attempts.contains(&during(&error).attempts), "{error:?}");
    }
    let empty = Client::new(Script::new()).chats().chat("c1").post("").expect_err("there is no text");
    assert_eq!((during(&empty).attempts, during(&empty).gave_up), (0, Some(GaveUp::NotTransient)));
    let stop = StopHandle::new();
    stop.stop();
    let cancelled = post(&always(lost()).stopped_by(&stop));
    assert_eq!((during(&cancelled).attempts, during(&cancelled).gave_up), (0, Some(GaveUp::Cancelled)));
}

#[test]
fn the_display_has_the_operation_the_chat_and_the_attempts() {
    let cause = "the connection was lost";
    let lost = || always(Respond::connection_lost());
    let once = post(&lost().with_retry(RetryPolicy::NEVER)).to_string();
    assert!(once.starts_with(&format!("post in chat c1: {cause}: ")), "{once}");
    let often = post(&lost()).to_string();
    assert!(often.starts_with(&format!("post in chat c1: {cause} after 4 attempts: ")), "{often}");
    let deadline = post(&lost().with_deadline(Duration::from_millis(1))).to_string();
    assert!(
        deadline.starts_with(&format!("post in chat c1: {cause} after 1 attempt before the deadline: ")),
        "{deadline}"
    );
    let unavailable = post(&always(Respond::status(503))).to_string();
    assert_eq!(unavailable, "post in chat c1: the server returned status 503 after 4 attempts");
}

#[test]
fn feeds_are_named_by_their_errors() {
    let failures = [Respond::unreachable(), Respond::unreachable(), Respond::problem(401, "auth")];
    let script = Script::new().on(Expect::get("/v1/chats/c1/messages/updates"), failures);
    let mut events = Client::new(script).chats().chat("c1").new_messages(None);
    for failures in 1..=2 {
        let Some(Ok(FeedEvent::Retrying(retrying))) = events.next() else { panic!("it is retried") };
        let During { operation, attempts, gave_up, .. } = during(&retrying.error);
        assert_eq!((*operation, *attempts, *gave_up), (&Operation::NEW_MESSAGES, failures, None));
        assert!(retrying.error.to_string().starts_with("new_messages in chat c1: could not connect"));
    }
    let Some(Err(error)) = events.next() else { panic!("it ends") };
    assert_eq!((during(&error).attempts, during(&error).gave_up), (3, Some(GaveUp::NotTransient)), "{error}");
    assert!(error.to_string().starts_with("new_messages in chat c1: the server returned status 401 after 3 attempts"));
}

#[test]
fn a_feed_that_does_not_start_is_named() {
    let other = r#"{ "version": 1, "feed": "reactions", "cursor": "k0" }"#;
    let checkpoint = serde_json::from_str::<teamwire_core::Checkpoint>(other).expect("it is a checkpoint");
    let mut events = Client::new(Script::new()).chats().chat("c1").new_messages(checkpoint);
    let Some(Err(error)) = events.next() else { panic!("it is the checkpoint of another feed") };
    assert_eq!((during(&error).operation, during(&error).attempts), (&Operation::NEW_MESSAGES, 0));
    assert!(error.to_string().starts_with("new_messages in chat c1: invalid "), "{error}");
}

#[test]
fn invalid_lists_have_the_attempts_of_their_last_page() {
    let users = || Expect::get("/v1/users");
    let page = || Respond::json(200, serde_json::json!({ "items": [], "next_cursor": "k1" }));
    let script = Script::new().then(users(), page()).then(users(), Respond::connection_lost()).then(users(), page());
    let error = Client::new(script.clone()).contacts().users().expect_err("it would never end");
    script.assert_done();
    assert_eq!((during(&error).attempts, during(&error).gave_up), (2, Some(GaveUp::NotTransient)), "{error}");
    assert!(error.to_string().starts_with("users: unexpected response after 2 attempts: "), "{error}");
}
