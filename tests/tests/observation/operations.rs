//! Observations of operations on a script.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, OnceLock},
    task::{Context, Waker},
    time::Duration,
};

use teamwire_core::{
    Client, Draft, Script, StopHandle,
    effect::Now,
    error,
    machine::Step,
    model::Upload,
    observe::Observation,
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
};
use teamwire_tests::operations::{ByHandBot, Class, ENTROPY, Operation, TID, now};

use crate::support::Record;

fn posted() -> Respond {
    respond::message(sample::message("m1", "c1", "hello"))
}

#[test]
fn retries_are_reported_with_their_operation() {
    let record = Record::default();
    let script = Script::with_config(record.config())
        .then(expect::post("c1"), respond::unavailable(1))
        .then(expect::post("c1"), Respond::unreachable())
        .then(expect::post("c1"), posted());
    Client::new(script).chats().chat("c1").post("hello").expect("it is posted");
    assert_eq!(
        record.take(),
        [
            "0 post c1",
            "0 attempt 1",
            "0 retrying 1: server",
            "0 attempt 2",
            "0 retrying 2: connection",
            "0 attempt 3",
            "0 finished 3 201: ok",
        ]
    );
}

#[test]
fn failures_are_reported_at_the_end() {
    let record = Record::default();
    let script = Script::with_config(record.config()).then(expect::post("c1"), respond::forbidden());
    let stop = StopHandle::new();
    let client = Client::new(script);
    client.chats().chat("c1").post("hello").expect_err("it is forbidden");
    client.chats().chat("c1").post("").expect_err("a message has content");
    stop.stop();
    client.stopped_by(&stop).contacts().me().expect_err("it is stopped");
    assert_eq!(
        record.take(),
        [
            "0 post c1",
            "0 attempt 1",
            "0 finished 1 403: auth",
            "1 post c1",
            "1 finished 0: invalid_input",
            "2 me",
            "2 finished 0: cancelled",
        ]
    );
}

#[test]
fn all_requests_of_an_operation_are_counted() {
    let record = Record::default();
    let asset = sample::json(r#"{"id": "a1", "file_name": "a.txt", "media_type": "text/plain", "size": 4}"#);
    let script = Script::with_config(record.config())
        .then(expect::upload(), Respond::unreachable())
        .then(expect::upload(), respond::uploaded(asset))
        .then(expect::post("c1"), posted());
    let file = Upload::from_bytes("a.txt", b"text".to_vec());
    Client::new(script).chats().chat("c1").post(Draft::text("a file").attach(file)).expect("it is posted");
    let lines = record.take();
    assert_eq!(lines.last().map(String::as_str), Some("0 finished 3 201: ok"), "{lines:?}");
}

#[test]
fn dropped_future_is_abandoned_once_it_has_started() {
    let record = Record::default();
    let script = Script::with_config(record.config());
    let client = teamwire_async_std::scripted(&script);
    let mut cx = Context::from_waker(Waker::noop());
    let chat = client.chats().chat("c1");
    drop(chat.post("hello"));
    assert!(record.take().is_empty(), "it has not started");
    let waiting = script.then(expect::post("c1"), respond::unavailable(1));
    {
        let mut post = pin!(chat.post("hello"));
        assert!(post.as_mut().poll(&mut cx).is_pending(), "it waits before it retries");
    }
    assert_eq!(record.take(), ["0 post c1", "0 attempt 1", "0 retrying 1: server", "0 abandoned"]);
    waiting.assert_done();
}

/// Returns the name of the method of an operation, which has this name in the Python SDK.
fn method(name: &str) -> &str {
    let is_it = |it: &&&error::Operation| it.python.and_then(|python| python.rsplit('.').next()) == Some(name);
    error::Operation::ALL.iter().find(is_it).map_or(name, |it| it.name)
}

#[test]
fn every_operation_is_reported_with_the_name_of_its_method() {
    for operation in Operation::ALL {
        let record = Record::default();
        let mut bot = ByHandBot::by_hand(record.config(), ENTROPY);
        record.take();
        bot.drive(*operation, |flow| assert!(matches!(flow.poll(now()), Step::Send(..)), "it sends a request"));
        let lines = record.take();
        let name = method(operation.name());
        let chat = if operation.class() == Class::Chat { format!(" {TID}") } else { String::new() };
        assert_eq!(lines, [format!("1 {name}{chat}"), "1 attempt 1".to_owned(), "1 abandoned".to_owned()]);
    }
}

#[test]
fn observer_may_call_the_client() {
    let client = Arc::new(OnceLock::<Client<Script>>::new());
    let (own, record) = (client.clone(), Record::default());
    let script = Script::with_config(record.config().with_observer(move |_: Now, observation: &Observation<'_>| {
        if let (Observation::Finished { error: Some(_), .. }, Some(client)) = (observation, own.get()) {
            client.contacts().me().expect("it is scripted");
        }
    }));
    let script = script.then(expect::post("c1"), respond::forbidden()).then(expect::me(), respond::user(sample::bot()));
    client.set(Client::new(script.clone())).expect("it is set once");
    client.get().expect("it is set").chats().chat("c1").post("hello").expect_err("it is forbidden");
    script.assert_done();
    let own = ["0 post c1", "0 attempt 1", "0 finished 1 403: auth"];
    assert_eq!(record.take(), [&own[..], &["1 me", "1 attempt 1", "1 finished 1 200: ok"]].concat());
}

#[test]
fn observers_are_called_in_the_order_in_which_they_were_added() {
    let lines = Arc::new(std::sync::Mutex::new(Vec::new()));
    let observer = |name: &'static str| {
        let lines = lines.clone();
        move |_: Now, observation: &Observation<'_>| {
            if let Observation::Finished { attempts, .. } = observation {
                lines.lock().expect("no observer has panicked").push(format!("{name}: {attempts}"));
            }
        }
    };
    let record = Record::default();
    let config = record.config().with_observer(observer("first")).with_observer(observer("second"));
    let script = Script::with_config(config).then(expect::me(), respond::user(sample::bot()));
    Client::new(script).contacts().me().expect("it is scripted");
    assert_eq!(*lines.lock().expect("no observer has panicked"), ["first: 1", "second: 1"]);
    assert_eq!(record.take(), ["0 me", "0 attempt 1", "0 finished 1 200: ok"]);
}

#[test]
fn every_observation_of_an_operation_names_it_and_its_chat() {
    let names = Arc::new(std::sync::Mutex::new(Vec::new()));
    let own = names.clone();
    let config = Record::default().config().with_observer(move |_: Now, observation: &Observation<'_>| {
        let (kind, operation, chat) = match *observation {
            Observation::Started { operation, chat, .. } => ("started", operation, chat),
            Observation::Attempt { operation, chat, .. } => ("attempt", operation, chat),
            Observation::Retrying { operation, chat, .. } => ("retrying", operation, chat),
            Observation::Finished { operation, chat, .. } => ("finished", operation, chat),
            Observation::Abandoned { operation, chat, .. } => ("abandoned", operation, chat),
            _ => panic!("{observation:?} is not one of an operation"),
        };
        assert_eq!(operation, &error::Operation::POST);
        assert_eq!(chat.map(|chat| chat.as_str()), Some("c1"));
        own.lock().expect("no observer has panicked").push(kind);
    });
    let script = Script::with_config(config)
        .then(expect::post("c1"), respond::unavailable(1))
        .then(expect::post("c1"), posted())
        .then(expect::post("c1"), respond::unavailable(1));
    Client::new(script.clone()).chats().chat("c1").post("hello").expect("it is posted");
    let mut cx = Context::from_waker(Waker::noop());
    let chat = teamwire_async_std::scripted(&script).chats().chat("c1");
    assert!(pin!(chat.post("hello")).as_mut().poll(&mut cx).is_pending(), "it waits before it retries");
    let expected =
        ["started", "attempt", "retrying", "attempt", "finished", "started", "attempt", "retrying", "abandoned"];
    assert_eq!(*names.lock().expect("no observer has panicked"), expected);
}

#[test]
fn time_of_an_operation_is_that_of_its_executor() {
    let times = Arc::new(std::sync::Mutex::new(Vec::new()));
    let own = times.clone();
    let config = Record::default().config().with_observer(move |_: Now, observation: &Observation<'_>| {
        if let Observation::Finished { elapsed, .. } = observation {
            own.lock().expect("no observer has panicked").push(*elapsed);
        }
    });
    let script =
        Script::with_config(config).then(expect::me(), respond::user(sample::bot()).delay(Duration::from_secs(3)));
    Client::new(script).contacts().me().expect("it is scripted");
    assert_eq!(*times.lock().expect("no observer has panicked"), [Duration::from_secs(3)]);
}
