//! Properties of concurrent handlers over scripts.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;
use teamwire_core::{
    FeedOptions, Script,
    config::RetryPolicy,
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
};
use teamwire_tests::harness::{AsyncStd, Blocking};

use crate::{
    bot::{Bot, FAILS, Serves},
    scripts::{cursor, found},
};

/// A message: its chat, the number of times that its request fails at first, and whether its handler fails.
#[derive(Clone, Copy, Debug)]
struct PostedText {
    chat: u8,
    failures: u32,
    is_bad: bool,
}

fn batches() -> impl Strategy<Value = Vec<Vec<PostedText>>> {
    let posted = (0..4_u8, 0..4_u32, proptest::bool::weighted(0.02)).prop_map(|(chat, failures, is_bad)| PostedText {
        chat,
        failures,
        is_bad,
    });
    proptest::collection::vec(proptest::collection::vec(posted, 1..8), 1..8)
}

fn tid(chat: u8) -> String {
    format!("c{chat}")
}

fn text(number: usize, posted: PostedText) -> String {
    if posted.is_bad { FAILS.to_owned() } else { number.to_string() }
}

fn script(batches: &[Vec<PostedText>]) -> Script {
    let mut updates = vec![respond::no_updates("k0")];
    let mut number = 0;
    let mut script = Script::new();
    for (index, batch) in (1..).zip(batches) {
        let messages: Vec<_> = batch
            .iter()
            .map(|posted| {
                number += 1;
                let (tid, mid) = (tid(posted.chat), format!("m{number}"));
                let responses = [Respond::unreachable().times(posted.failures), found(&tid)];
                script = script.clone().on(expect::message(tid.clone(), mid.clone()), responses);
                sample::message(&mid, &tid, &text(number, *posted))
            })
            .collect();
        updates.push(respond::message_updates(messages, &format!("k{index}")));
    }
    script.on(expect::all_message_updates(), updates)
}

/// Returns the number of messages up to this cursor: `k<batch>`, or `k<batch>.<item>` before the last of a batch.
fn messages_until(cursor: &str, batches: &[Vec<PostedText>]) -> usize {
    let (batch, item) = cursor[1..].split_once('.').unwrap_or((&cursor[1..], ""));
    let batch: usize = batch.parse().expect("it is the number of a batch");
    let before: usize = batches[..batch.saturating_sub(1)].iter().map(Vec::len).sum();
    match (batch, item.parse::<usize>()) {
        (0, _) => 0,
        (_, Ok(item)) => before + item,
        (batch, Err(_)) => before + batches[batch - 1].len(),
    }
}

fn check<H: Serves>(batches: &[Vec<PostedText>], limit: usize) -> Result<(), TestCaseError> {
    let bot = Bot::new(H::scripted(&script(batches)).with_retry(RetryPolicy::within(Duration::from_secs(3_600))));
    let all: Vec<PostedText> = batches.concat();
    let first_bad = all.iter().position(|posted| posted.is_bad);
    let mut saved = Vec::new();
    let events = bot.client.chats().new_messages(FeedOptions::from_now());
    let result = H::serve(&bot, events, limit, |checkpoint| {
        // What it covers has been handled, even if the program crashes now.
        let covered = messages_until(&cursor(checkpoint), batches);
        assert!(bot.log().ended >= covered);
        saved.push(covered);
        Ok(())
    });
    prop_assert_eq!(result.is_err(), first_bad.is_some());
    let mut by_chat = BTreeMap::<String, Vec<String>>::new();
    for (number, posted) in (1..).zip(&all) {
        by_chat.entry(tid(posted.chat)).or_default().push(text(number, *posted));
    }
    let log = bot.log();
    prop_assert!(log.peak <= limit.max(1));
    prop_assert!(saved.is_sorted_by(|one, next| one < next), "{:?}", saved);
    for (tid, texts) in &log.begun {
        prop_assert!(by_chat[tid].starts_with(texts), "{}: {:?}", tid, texts);
    }
    if let Some(bad) = first_bad {
        prop_assert!(saved.iter().all(|covered| *covered <= bad), "{:?} pass {}", saved, bad);
    } else {
        prop_assert_eq!(log.ended, all.len());
        prop_assert_eq!(&log.begun, &by_chat);
        prop_assert_eq!(saved.last(), Some(&all.len()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(teamwire_tests::cases(60))]

    #[test]
    fn messages_are_handled_in_order_per_chat_and_checkpoints_cover_only_handled_ones(
        batches in batches(), limit in 0..6_usize,
    ) {
        check::<Blocking>(&batches, limit)?;
        check::<AsyncStd>(&batches, limit)?;
    }
}
