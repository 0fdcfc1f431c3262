//! Concurrent handlers over scripts.

use std::time::Duration;

use teamwire_core::{
    Checkpoint, Error, ErrorKind, FeedOptions, Script,
    config::RetryPolicy,
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
};
use teamwire_tests::executor_test;

use crate::bot::{Bot, FAILS, Serves, failure};

pub(crate) fn batch(number: usize, messages: &[(&str, &str)]) -> Respond {
    let messages = messages.iter().enumerate().map(|(index, (tid, text))| {
        let mid = format!("m{number}-{index}");
        sample::message(&mid, tid, text)
    });
    respond::message_updates(messages.collect::<Vec<_>>(), &format!("k{number}"))
}

pub(crate) fn found(tid: &str) -> Respond {
    respond::message(sample::message("m-found", tid, ""))
}

pub(crate) fn cursor(checkpoint: &Checkpoint) -> String {
    let json = serde_json::to_value(checkpoint).expect("it is JSON");
    json["cursor"].as_str().expect("it has a cursor").to_owned()
}

/// Serves the feed of all messages. Returns the bot, the cursors that were saved, and the result.
fn serve<H: Serves>(script: &Script, limit: usize) -> (Bot<H::X>, Vec<String>, Result<(), Error>) {
    let bot = Bot::new(H::scripted(script).with_retry(RetryPolicy::within(Duration::from_secs(600))));
    let mut saved = Vec::new();
    let events = bot.client.chats().new_messages(FeedOptions::from_now());
    let result = H::serve(&bot, events, limit, |checkpoint| {
        saved.push(cursor(checkpoint));
        Ok(())
    });
    (bot, saved, result)
}

#[executor_test(adapters)]
fn chat_whose_responses_fail_for_a_while_delays_no_other<H: Serves>() {
    let script = Script::new()
        .on(
            expect::all_message_updates(),
            [respond::no_updates("k0"), batch(1, &[("c1", "one"), ("c2", "two"), ("c1", "three")])],
        )
        .on(expect::message("c1", "m1-0"), [Respond::unreachable().times(6), found("c1")])
        .on(expect::message("c1", "m1-2"), [found("c1")])
        .on(expect::message("c2", "m1-1"), [found("c2")]);
    let (bot, saved, result) = serve::<H>(&script, 256);
    result.expect("everything is handled");
    script.assert_done();
    let log = bot.log();
    assert_eq!(log.begun["c1"], ["one", "three"]);
    assert_eq!((log.ended, &log.others[..]), (3, &["started"][..]));
    assert_eq!(saved.last().map(String::as_str), Some("k1"), "{saved:?}");
    let fetched: Vec<_> = script.requests().into_iter().filter(|it| it.path().contains("/chats/")).collect();
    let second_chat = fetched.iter().position(|it| it.path().contains("/c2/")).expect("it was fetched");
    if H::NAME == "blocking" {
        assert_eq!(second_chat, 7, "over a script, one handler runs at a time");
    } else {
        assert!(second_chat <= 2, "it does not wait for the first chat: {second_chat}");
    }
}

#[executor_test(adapters)]
fn no_checkpoint_passes_the_event_of_a_failed_handler<H: Serves>() {
    let script = Script::new()
        .on(
            expect::all_message_updates(),
            [
                respond::no_updates("k0"),
                batch(1, &[("c1", "one")]),
                batch(2, &[("c2", FAILS), ("c1", "two"), ("c2", "never")]),
                batch(3, &[("c3", "never")]),
            ],
        )
        .on(expect::message("c1", "m1-0"), [found("c1")])
        .on(expect::message("c2", "m2-0"), [found("c2")])
        .on(expect::message("c1", "m2-1"), [found("c1")]);
    let (bot, saved, result) = serve::<H>(&script, 8);
    assert_eq!(result.expect_err("a handler fails").to_string(), failure().to_string());
    assert_eq!(saved, ["k0", "k1"]);
    let log = bot.log();
    assert_eq!(log.begun["c2"], [FAILS]);
    assert!(!log.begun.contains_key("c3"), "nothing is handled after a failure: {log:?}");
}

#[executor_test(adapters)]
fn failed_save_stops_the_feed_and_is_not_repeated<H: Serves>() {
    let updates = [respond::no_updates("k0"), batch(1, &[("c1", "one"), ("c1", "two")]), batch(2, &[("c1", "three")])];
    let script = Script::new().on(expect::all_message_updates(), updates).on(
        expect::message("c1", "m1-0"),
        // So that the next event has arrived when it is handled.
        [Respond::unreachable().times(2), found("c1")],
    );
    let bot = Bot::new(H::scripted(&script));
    let mut saves = 0;
    let events = bot.client.chats().new_messages(FeedOptions::from_now());
    let result = H::serve(&bot, events, 8, |checkpoint| {
        saves += 1;
        if cursor(checkpoint) == "k0" { Ok(()) } else { Err(failure()) }
    });
    assert_eq!(result.expect_err("the save fails").to_string(), failure().to_string());
    assert_eq!((saves, &bot.log().begun["c1"][..]), (2, &["one".to_owned()][..]));
}

#[executor_test(adapters)]
fn events_before_the_error_of_a_feed_are_handled<H: Serves>() {
    let updates = [respond::no_updates("k0"), batch(1, &[("c1", "one"), ("c2", "two")]), Respond::status(401)];
    let script = Script::new()
        .on(expect::all_message_updates(), updates)
        .on(expect::message("c1", "m1-0"), [found("c1")])
        .on(expect::message("c2", "m1-1"), [found("c2")]);
    let (bot, saved, result) = serve::<H>(&script, 8);
    assert_eq!(result.expect_err("the key is revoked").kind(), ErrorKind::Auth);
    assert_eq!((bot.log().ended, saved.last().map(String::as_str)), (2, Some("k1")), "{saved:?}");
    script.assert_done();
}

#[executor_test(adapters)]
fn first_error_of_a_handler_ends_the_loop<H: Serves>() {
    let updates = [respond::no_updates("k0"), batch(1, &[("c1", "one"), ("c1", "two")])];
    let script = Script::new().on(expect::all_message_updates(), updates);
    let client = H::scripted(&script);
    let follow = || client.chats().new_messages(FeedOptions::from_now());
    assert_eq!(H::count_to(follow(), 2).expect_err("it counts to two").to_string(), failure().to_string());
    H::count_to(follow(), 2).expect("the script has no more events");
}
