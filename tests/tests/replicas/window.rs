//! The events of a claimed feed that are being handled.

use std::time::Duration;

use teamwire_core::{
    FeedEvent, Message, User,
    claim::{Claim, EventHandle, Grant, Window, Work},
    effect::Moment,
};

use crate::process::checkpoint;

fn at(seconds: u64) -> Moment {
    Moment::from_epoch(Duration::from_secs(seconds))
}

fn event(number: u64, chat: &str) -> FeedEvent<Message> {
    let anna = User::new("u-anna", "Anna", "Berg");
    let item = Message::new(format!("m{number}"), chat, anna, chrono::DateTime::UNIX_EPOCH);
    FeedEvent::Update { item, checkpoint: checkpoint(number) }
}

fn grant(id: &str, tries: u32) -> Grant {
    let claim = Claim { feed: "all_messages".into(), id: id.into(), fence: 1 };
    Grant { claim, checkpoint: Some(checkpoint(0)), tries }
}

/// Returns a window with a claim, and the events 1 of c1, 2 of c2 and 3 of c1.
fn window(tries: u32) -> Window<Message> {
    let mut window = Window::new(8);
    window.begin(&grant("a.1", tries));
    for (number, chat) in [(1, "c1"), (2, "c2"), (3, "c1")] {
        window.push(event(number, chat));
    }
    window
}

/// Starts the next event.
fn start(window: &mut Window<Message>, seconds: u64) -> Option<(String, EventHandle, FeedEvent<Message>)> {
    let (handed, event) = window.start(at(seconds))?;
    Some((event.item().expect("it is a message").mid.to_string(), handed, event))
}

#[test]
fn failed_event_comes_again_after_a_backoff_and_its_chat_waits() {
    let mut window = window(1);
    let (mid, first, event) = start(&mut window, 0).expect("it is ready");
    assert_eq!(mid, "m1");
    let (mid, second, _) = start(&mut window, 0).expect("it is ready");
    assert_eq!(mid, "m2");
    window.fail(first, event, at(0));
    window.finish(second);
    assert!(start(&mut window, 0).is_none(), "m3 waits for m1");
    assert_eq!(window.take_checkpoint(), None, "no checkpoint passes m1");
    assert_eq!(window.work(), Work { busy_since: None, is_unfinished: true });
    for (now, tries, next) in [(1, 2, 3), (3, 3, 7), (7, 4, 15)] {
        assert_eq!(window.next_retry(), Some(at(now)));
        let (mid, again, event) = start(&mut window, now).expect("it is due");
        assert_eq!((&*mid, again.tries(), again.claims()), ("m1", tries, 1));
        window.fail(again, event, at(now));
        assert_eq!(window.next_retry(), Some(at(next)), "the backoff doubles");
    }
    let (_, again, _) = start(&mut window, 15).expect("it is due");
    window.finish(again);
    assert_eq!(window.take_checkpoint(), Some(("a.1".into(), checkpoint(2))));
    let (mid, third, _) = start(&mut window, 15).expect("it is ready");
    assert_eq!((&*mid, third.tries()), ("m3", 1));
    window.finish(third);
    assert_eq!(window.take_checkpoint(), Some(("a.1".into(), checkpoint(3))));
    assert_eq!(window.work(), Work::default());
}

#[test]
fn backoff_is_limited() {
    let mut window = window(1);
    let mut now = 0;
    for _ in 0..40 {
        let (mid, handed, event) = start(&mut window, now).expect("it is due");
        if mid != "m1" {
            window.finish(handed);
            continue;
        }
        window.fail(handed, event, at(now));
        let next = window.next_retry().expect("it comes again").since_epoch().as_secs();
        assert!(next > now && next <= now + 60, "{now} {next}");
        now = next;
    }
    assert!(now > 30 * 60, "{now}");
}

#[test]
fn tries_of_a_claim_count_until_its_checkpoint_moves() {
    let mut window = window(4);
    let (_, first, _) = start(&mut window, 0).expect("it is ready");
    let (_, second, _) = start(&mut window, 0).expect("it is ready");
    assert_eq!((first.tries(), second.tries()), (4, 4), "both may have been handed out before");
    assert_eq!((first.claims(), second.claims()), (4, 4));
    window.finish(first);
    assert!(window.take_checkpoint().is_some());
    let (_, third, _) = start(&mut window, 0).expect("it is ready");
    assert_eq!(third.tries(), 1);
    assert!(window.is_first(second.number()) && !window.is_first(third.number()));
}

#[test]
fn handlers_of_an_earlier_claim_count_but_have_no_effect() {
    let mut window = window(1);
    let (_, old, event_of_old) = start(&mut window, 5).expect("it is ready");
    let (_, other, _) = start(&mut window, 6).expect("it is ready");
    window.begin(&grant("a.2", 2));
    assert_eq!(window.work(), Work { busy_since: Some(at(5)), is_unfinished: true });
    assert!(!window.is_first(old.number()));
    window.push(event(1, "c1"));
    let (mid, new, _) = start(&mut window, 7).expect("it is ready");
    assert_eq!((&*mid, new.tries(), window.running()), ("m1", 2, 3));
    window.fail(old, event_of_old, at(7));
    window.finish(other);
    assert_eq!(window.work(), Work { busy_since: Some(at(7)), is_unfinished: true });
    assert_eq!((window.take_checkpoint(), window.next_retry()), (None, None));
    window.finish(new);
    assert_eq!(window.take_checkpoint(), Some(("a.2".into(), checkpoint(1))));
    window.abandon();
    assert_eq!((window.take_checkpoint(), window.work()), (None, Work::default()));
}

#[test]
fn failed_event_of_all_chats_comes_again() {
    let mut window = Window::new(8);
    window.begin(&grant("a.1", 1));
    window.push(FeedEvent::Gap(checkpoint(1)));
    window.push(event(2, "c1"));
    let (handed, gap) = window.start(at(0)).expect("it is ready");
    assert!(window.start(at(0)).is_none(), "a gap concerns all chats");
    window.fail(handed, gap, at(0));
    assert!(window.start(at(0)).is_none());
    let (handed, gap) = window.start(at(1)).expect("it is due");
    assert!(matches!(gap, FeedEvent::Gap(_)));
    window.finish(handed);
    assert_eq!(start(&mut window, 1).expect("it is ready").0, "m2");
}
