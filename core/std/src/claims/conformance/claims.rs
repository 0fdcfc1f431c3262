//! Claims and releases.

use teamwire_core::claim::Claimed;

use super::{
    replica::{Replica, Test, expire},
    subject::Subject,
};

pub(super) fn tests<S: Subject>() -> Vec<Test<S>> {
    vec![
        free_feed_is_granted_and_a_held_one_is_not,
        repeated_claim_is_the_same,
        expired_claim_is_granted_to_another,
        expired_claim_is_kept_until_another_is_granted,
        released_claim_is_granted_at_once,
        release_of_an_old_claim_changes_nothing,
        claims_of_a_member_that_left_are_free,
        tries_count_claims_without_progress,
        new_claims_are_limited_but_repeated_ones_are_not,
        names_of_feeds_are_kept_apart,
        wiped_store_has_no_claims,
    ]
}

fn free_feed_is_granted_and_a_held_one_is_not<S: Subject>(subject: &S) {
    let (mut first, mut second) = (Replica::join(subject, "a"), Replica::join(subject, "b"));
    let granted = first.granted("feed", "a.1");
    assert_eq!((granted.checkpoint, granted.seq, granted.tries), (None, 0, 1));
    let (claim, by, checkpoint) = second.refused("feed", "b.1");
    assert_eq!((claim, &*by, checkpoint), (granted.claim.clone(), "a", None));
    first.save(&granted.claim, 1, 7);
    assert_eq!(second.refused("feed", "b.2").2, Some(7));
    // Another connection of the same member is no exception.
    first.refused("feed", "a.2");
}

fn repeated_claim_is_the_same<S: Subject>(subject: &S) {
    let mut replica = Replica::join(subject, "a");
    let first = replica.granted("feed", "a.1");
    replica.save(&first.claim, 3, 7);
    // Its response was lost, and the connection with it.
    let mut replica = Replica::join(subject, "a");
    let repeated = replica.granted("feed", "a.1");
    assert_eq!(repeated.claim, first.claim);
    assert_eq!((repeated.checkpoint, repeated.seq, repeated.tries), (Some(7), 3, 1));
}

fn expired_claim_is_granted_to_another<S: Subject>(subject: &S) {
    let mut first = Replica::join_briefly(subject, "a");
    let old = first.granted("feed", "a.1");
    first.save(&old.claim, 5, 7);
    expire(subject);
    let mut second = Replica::join(subject, "b");
    let new = second.granted("feed", "b.1");
    assert!(new.claim.fence > old.claim.fence, "{new:?} {old:?}");
    assert_eq!((new.checkpoint, new.seq), (Some(7), 5));
    first.renew();
    first.refused("feed", "a.1");
}

fn expired_claim_is_kept_until_another_is_granted<S: Subject>(subject: &S) {
    let (mut first, mut second) = (Replica::join_briefly(subject, "a"), Replica::join(subject, "b"));
    let claim = first.granted("feed", "a.1").claim;
    expire(subject);
    first.renew();
    second.refused("feed", "b.1");
    assert_eq!(first.granted("feed", "a.1").claim, claim);
}

fn released_claim_is_granted_at_once<S: Subject>(subject: &S) {
    let (mut first, mut second) = (Replica::join(subject, "a"), Replica::join(subject, "b"));
    let old = first.granted("feed", "a.1").claim;
    first.save(&old, 2, 7);
    first.release(&old, false);
    let new = second.granted("feed", "b.1");
    assert!(new.claim.fence > old.fence);
    assert_eq!((new.checkpoint, new.seq, new.tries), (Some(7), 2, 1));
}

fn release_of_an_old_claim_changes_nothing<S: Subject>(subject: &S) {
    let (mut first, mut second) = (Replica::join(subject, "a"), Replica::join(subject, "b"));
    let old = first.granted("feed", "a.1").claim;
    first.release(&old, false);
    let new = second.granted("feed", "b.1").claim;
    first.release(&old, false);
    first.refused("feed", "a.2");
    assert_eq!(second.granted("feed", "b.1").claim, new);
    // Nor does that of a feed which is unknown.
    let unknown = teamwire_core::claim::Claim { feed: "unknown".into(), ..old };
    first.release(&unknown, true);
    assert_eq!(first.granted("unknown", "a.3").tries, 1);
}

fn claims_of_a_member_that_left_are_free<S: Subject>(subject: &S) {
    let (mut first, mut second) = (Replica::join(subject, "a"), Replica::join(subject, "b"));
    let old = first.granted("feed", "a.1").claim;
    first.save(&old, 1, 7);
    first.leave();
    assert_eq!(second.granted("feed", "b.1").checkpoint, Some(7));
}

fn tries_count_claims_without_progress<S: Subject>(subject: &S) {
    let mut replica = Replica::join(subject, "a");
    let first = replica.granted("feed", "a.1");
    replica.release(&first.claim, true);
    let second = replica.granted("feed", "a.2");
    assert_eq!(second.tries, 2, "an event was not handled");
    replica.release(&second.claim, false);
    let third = replica.granted("feed", "a.3");
    assert_eq!(third.tries, 2, "everything was handled");
    replica.leave();
    let mut other = Replica::join(subject, "b");
    let fourth = other.granted("feed", "b.1");
    assert_eq!(fourth.tries, 3, "the claim was not released");
    other.save(&fourth.claim, 1, 7);
    other.release(&fourth.claim, true);
    let fifth = other.granted("feed", "b.2");
    assert_eq!(fifth.tries, 2, "the checkpoint has moved, and the next event was not handled");
    other.save(&fifth.claim, 2, 8);
    other.release(&fifth.claim, false);
    assert_eq!(other.granted("feed", "b.3").tries, 1);
}

fn new_claims_are_limited_but_repeated_ones_are_not<S: Subject>(subject: &S) {
    let (mut first, mut second) = (Replica::join(subject, "a"), Replica::join(subject, "b"));
    second.granted("2", "b.1");
    let wanted = [("1", "a.1"), ("2", "a.2"), ("3", "a.3"), ("4", "a.4")];
    let feeds = |claimed: &[Claimed]| -> Vec<(String, bool)> {
        let is_held = |claimed: &Claimed| matches!(claimed, Claimed::Held { .. });
        let mut feeds: Vec<_> = claimed.iter().map(|it| (it.claim().feed.clone(), is_held(it))).collect();
        feeds.sort();
        feeds
    };
    let claimed = feeds(&first.claim_all(&wanted, 2));
    let held: Vec<_> = claimed.iter().filter(|(_, is_held)| *is_held).map(|(feed, _)| &**feed).collect();
    assert_eq!(held.len(), 2, "{claimed:?}");
    assert!(claimed.contains(&("2".into(), false)), "{claimed:?}");
    // The response was lost.
    let repeated = feeds(&first.claim_all(&wanted, 2));
    assert!(held.iter().all(|feed| repeated.contains(&((*feed).into(), true))), "{held:?} {repeated:?}");
    let all = feeds(&first.claim_all(&wanted, 2));
    assert_eq!(all, [("1".into(), true), ("2".into(), false), ("3".into(), true), ("4".into(), true)]);
    assert!(first.claim_all(&[], 2).is_empty());
}

fn names_of_feeds_are_kept_apart<S: Subject>(subject: &S) {
    let mut replica = Replica::join(subject, "a");
    let long = "x".repeat(150);
    let names = ["messages c1", "messages c2", "messages C1", "../c1", "c/1", "c%2F1", "", "ü", "\\", "*", &long];
    for (number, name) in (1..).zip(names) {
        let granted = replica.granted(name, &format!("a.{number}"));
        assert_eq!((granted.checkpoint, granted.tries), (None, 1), "{name}");
        replica.save(&granted.claim, 1, number);
        replica.release(&granted.claim, false);
    }
    for (number, name) in (1..).zip(names) {
        assert_eq!(replica.granted(name, &format!("a.{}", number + 100)).checkpoint, Some(number), "{name}");
    }
}

fn wiped_store_has_no_claims<S: Subject>(subject: &S) {
    let mut first = Replica::join(subject, "a");
    let old = first.granted("feed", "a.1").claim;
    first.save(&old, 1, 7);
    subject.wipe();
    assert_eq!(first.save(&old, 2, 8), teamwire_core::claim::Saved::Lost);
    first.release(&old, false);
    let mut second = Replica::join(subject, "b");
    let new = second.granted("feed", "b.1");
    assert_eq!((new.checkpoint, new.seq, new.tries), (None, 0, 1));
}
