//! Sets of feeds.

use teamwire_core::{
    FeedSet,
    effect::{TransportError, TransportErrorKind},
    feed::{FeedEnd, FeedSetStep},
    machine::{Reply, Step},
};

use crate::support::{at, batch, checkpoint, client, item};

#[test]
fn feed_that_is_always_busy_keeps_no_other_waiting() {
    let (mut set, client) = (FeedSet::new(), client());
    for chat in ["c1", "c2", "c3"] {
        set.insert(chat, client.chats().chat(chat).new_messages(checkpoint("messages", Some(chat), 1)));
    }
    let items: Vec<_> = (0..10).map(|number| item(&format!("m{number}"), &format!("cursor {number}"))).collect();
    for _ in 0..3 {
        let FeedSetStep::Step(chat, Step::Send(ticket, _)) = set.next(at(0)) else { panic!("each feed sends") };
        set.handle(at(0), &chat, ticket, batch(&items, "end"));
    }
    // Three feeds with as many events take turns: none is ever more than one event ahead.
    let mut delivered = std::collections::BTreeMap::from([("c1", 0), ("c2", 0), ("c3", 0)]);
    for _ in 0..3 * items.len() {
        let FeedSetStep::Step(chat, Step::Event(_)) = set.next(at(0)) else { panic!("there is more to deliver") };
        *delivered.get_mut(chat).expect("it is in the set") += 1;
        let (least, most) = (delivered.values().min(), delivered.values().max());
        assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1), "{delivered:?}");
    }
}

#[test]
fn paused_feed_returns_no_step_and_keeps_its_reply() {
    let (mut set, client) = (FeedSet::new(), client());
    for chat in ["c1", "c2"] {
        set.insert(chat, client.chats().chat(chat).new_messages(checkpoint("messages", Some(chat), 1)));
    }
    let FeedSetStep::Step("c1", Step::Send(ticket, _)) = set.next(at(0)) else { panic!("the first feed sends") };
    set.set_paused(&"c1", true);
    set.handle(at(0), &"c1", ticket, batch(&[item("m1", "1"), item("m2", "2")], "2"));
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("c2", Step::Send(..))));
    assert!(matches!(set.next(at(0)), FeedSetStep::Idle));
    set.set_paused(&"c1", false);
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("c1", Step::Event(_))));
    set.set_paused(&"c1", true);
    assert!(matches!(set.next(at(0)), FeedSetStep::Idle));
    // A stop ends the pause.
    set.stop(at(0), &"c1");
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("c1", Step::Event(_))));
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("c1", Step::Done(Ok(FeedEnd::Stopped)))));
    assert_eq!(set.into_iter().map(|(chat, _)| chat).collect::<Vec<_>>(), ["c2"]);
}

#[test]
fn feed_set_issues_a_request_once_until_its_reissue() {
    let (mut set, client) = (FeedSet::new(), client());
    set.insert("a", client.chats().chat("c1").new_messages(None));
    set.insert("b", client.chats().chat("c2").new_messages(None));
    let FeedSetStep::Step("a", Step::Send(a, _)) = set.next(at(0)) else { panic!("the first feed sends") };
    let FeedSetStep::Step("b", Step::Send(b, _)) = set.next(at(0)) else { panic!("the second feed sends") };
    set.handle(at(0), &"a", b, Reply::Error(TransportError::new(TransportErrorKind::Disconnected, "for another feed")));
    assert!(matches!(set.next(at(0)), FeedSetStep::Idle), "nothing changed");
    set.reissue();
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("a", Step::Send(ticket, _)) if ticket == a));
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("b", Step::Send(_, _))));
    set.stop_all(at(0));
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("a", Step::Done(Ok(FeedEnd::Stopped)))));
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("b", Step::Done(Ok(FeedEnd::Stopped)))));
    assert!(matches!(set.next(at(0)), FeedSetStep::Empty));
}

#[test]
fn feed_in_the_place_of_a_removed_one_takes_the_last_turn() {
    let (mut set, client) = (FeedSet::new(), client());
    let feed = |chat| client.chats().chat(chat).new_messages(None);
    set.insert("a", feed("c1"));
    set.insert("b", feed("c2"));
    // More often than stale turns are kept.
    for _ in 0..500 {
        assert!(set.insert("a", feed("c1")).is_some());
    }
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("b", Step::Send(..))));
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("a", Step::Send(..))));
    assert!(matches!(set.next(at(0)), FeedSetStep::Idle), "each feed is polled once");
    assert!(set.remove(&"a").is_some() && set.insert("c", feed("c3")).is_none());
    assert!(matches!(set.next(at(0)), FeedSetStep::Step("c", Step::Send(..))));
    assert!(matches!(set.next(at(0)), FeedSetStep::Idle));
}
