//! After a pause, one request goes ahead, and the others follow its response.

use std::time::Duration;

use serde_json::json;
use teamwire_core::{
    Message,
    effect::{Moment, Now, TransportError, TransportErrorKind},
    flow::Flow,
    machine::{Machine, Reply, Step, Ticket},
    script::sample,
};
use teamwire_tests::operations::{ByHandBot, ENTROPY, TID, config, now};

use super::{limited, response};

type Post<'b> = Box<dyn Flow<Output = Message> + 'b>;

fn at(millis: u64) -> Now {
    Now::new(Moment::from_epoch(Duration::from_millis(millis)), now().utc)
}

/// Returns a limited post, and others that wait with it.
fn waiting(bot: &ByHandBot) -> Vec<Post<'_>> {
    let mut posts = vec![limited(bot, 1.0)];
    posts.extend((0..20).map(|_| bot.chat.post("hello")));
    assert_eq!(sent(&mut posts, 0), []);
    posts
}

/// Polls all posts, and returns the positions and tickets of those that are sent.
fn sent(posts: &mut [Post<'_>], millis: u64) -> Vec<(usize, Ticket)> {
    let steps = posts.iter_mut().map(|post| post.poll(at(millis)));
    steps
        .enumerate()
        .filter_map(|(index, step)| if let Step::Send(ticket, _) = step { Some((index, ticket)) } else { None })
        .collect()
}

/// Polls all posts every ten milliseconds, and returns the positions of those that are sent.
fn sent_within(posts: &mut [Post<'_>], from: u64, to: u64) -> Vec<usize> {
    let mut seen = Vec::new();
    for millis in (from..to).step_by(10) {
        for (index, _) in sent(posts, millis) {
            if !seen.contains(&index) {
                seen.push(index);
            }
        }
    }
    seen
}

#[test]
fn one_request_goes_ahead_until_its_response() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut posts = waiting(&bot);
    assert_eq!(sent_within(&mut posts, 0, 3_000), [0], "the one that was limited, alone");
    let [(_, ticket)] = *sent(&mut posts, 3_000) else { panic!("it waits for its response") };
    posts[0].handle(at(3_000), ticket, response(201, None, &sample::message("m1", TID, "hello")));
    let next = sent_within(&mut posts, 3_000, 3_300);
    assert!(next.starts_with(&[1, 2]) && next.len() < 10, "the others follow, one after the other: {next:?}");
}

#[test]
fn limited_request_that_went_ahead_is_the_next_to_go() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut posts = waiting(&bot);
    for start in [2_000, 10_000, 20_000] {
        assert_eq!(sent_within(&mut posts, start, start + 1_000), [0]);
        let [(_, ticket)] = *sent(&mut posts, start + 1_000) else { panic!("it waits for its response") };
        posts[0].handle(at(start + 1_000), ticket, response(429, Some(1.0), &json!({ "code": "rate_limited" })));
        assert_eq!(sent_within(&mut posts, start + 1_000, start + 2_000), [0; 0], "all pause again");
    }
}

#[test]
fn request_that_is_cancelled_lets_another_go_ahead() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut posts = waiting(&bot);
    for start in [2_000, 3_000, 4_000] {
        assert_eq!(sent_within(&mut posts, start, start + 1_000), [0], "one at a time");
        drop(posts.remove(0));
    }
}

#[test]
fn request_without_a_response_holds_up_the_others_for_a_short_time() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut posts = waiting(&bot);
    assert_eq!(sent_within(&mut posts, 2_000, 3_900), [0]);
    assert_eq!(sent_within(&mut posts, 3_900, 5_900), [0, 1], "another one goes ahead");
    assert_eq!(sent_within(&mut posts, 5_900, 7_900), [0, 1, 2]);
    let [(_, first), ..] = *sent(&mut posts, 7_900) else { panic!("it waits for its response") };
    posts[0].handle(at(7_900), first, response(201, None, &sample::message("m1", TID, "hello")));
    assert!(sent_within(&mut posts, 7_900, 8_900).len() > 4, "a late response is one, too");
}

#[test]
fn failed_request_lets_another_go_ahead() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut posts = waiting(&bot);
    assert_eq!(sent_within(&mut posts, 2_000, 2_500), [0]);
    let [(_, ticket)] = *sent(&mut posts, 2_500) else { panic!("it waits for its response") };
    let error = TransportError::new(TransportErrorKind::Disconnected, "the connection broke");
    posts[0].handle(at(2_500), ticket, Reply::Error(error));
    assert_eq!(sent_within(&mut posts, 2_500, 2_750), [1], "the first one backs off");
}

#[test]
fn requests_that_are_not_polled_hold_up_the_others_for_a_short_time() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut posts = waiting(&bot);
    let (forgotten, polled) = posts.split_at_mut(15);
    assert_eq!(sent_within(polled, 2_000, 3_900).first(), Some(&0), "its turn comes");
    let again = sent_within(forgotten, 4_500, 8_000);
    assert_eq!(again.first(), Some(&0), "they keep their order");
}

#[test]
fn outage_does_not_use_up_the_attempts_that_a_limit_needs() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut post = bot.chat.post("hello");
    let (mut now, mut attempts) = (at(0), 0);
    let outcome = loop {
        match post.poll(now) {
            Step::Send(ticket, _) => {
                attempts += 1;
                let reply = match attempts {
                    1..=3 => {
                        Reply::Error(TransportError::new(TransportErrorKind::Disconnected, "the connection broke"))
                    }
                    _ => response(429, Some(1.0), &json!({ "code": "rate_limited" })),
                };
                post.handle(now, ticket, reply);
            }
            Step::Sleep(until) => now = Now::new(until, now.utc),
            Step::Done(outcome) => break outcome,
            step => panic!("a post does not ask for {step:?}"),
        }
    };
    let error = outcome.expect_err("the server limits every attempt");
    assert_eq!((error.status(), attempts), (Some(429), 3 + 4));
}
