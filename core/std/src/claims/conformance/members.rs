//! Leases, and the list of members.

use std::time::Duration;

use super::{
    replica::{LONG, Replica, Test, expire},
    subject::Subject,
};

pub(super) fn tests<S: Subject>() -> Vec<Test<S>> {
    vec![
        living_members_are_listed_oldest_first,
        expired_member_is_not_listed_and_joins_as_the_youngest,
        member_that_leaves_is_not_listed,
        fleets_are_unrelated,
        beats_renew_the_lease,
        clock_that_is_set_back_costs_at_most_one_more_lease,
        wiped_store_makes_members_join_again,
    ]
}

fn living_members_are_listed_oldest_first<S: Subject>(subject: &S) {
    // Neither the ids nor the renewals set the order.
    let (mut first, mut second) = (Replica::connect(subject, "m-9", LONG), Replica::connect(subject, "m-1", LONG));
    assert_eq!(first.renew(), ["m-9"]);
    assert_eq!(second.renew(), ["m-9", "m-1"]);
    let mut third = Replica::join(subject, "m-5");
    for replica in [&mut third, &mut first, &mut second] {
        assert_eq!(replica.renew(), ["m-9", "m-1", "m-5"]);
    }
    assert_eq!(first.joined(), first.joined(), "it has not joined again");
}

fn expired_member_is_not_listed_and_joins_as_the_youngest<S: Subject>(subject: &S) {
    let mut first = Replica::connect(subject, "a", S::LEASE);
    let joined = first.joined();
    expire(subject);
    let mut second = Replica::connect(subject, "b", LONG);
    assert_eq!(second.renew(), ["b"], "the lease of the first has expired");
    let rejoined = first.joined();
    assert_ne!(rejoined, joined, "it has joined again");
    assert_eq!(second.renew(), ["b", "a"]);
    // Also if no other member has noticed it.
    expire(subject);
    assert_ne!(first.joined(), rejoined);
}

fn member_that_leaves_is_not_listed<S: Subject>(subject: &S) {
    let (mut first, mut second) = (Replica::join(subject, "a"), Replica::join(subject, "b"));
    first.leave();
    assert_eq!(second.renew(), ["b"]);
    first.leave();
    assert_eq!(first.renew(), ["b", "a"], "it may come back");
}

fn fleets_are_unrelated<S: Subject>(subject: &S) {
    let (mut ours, mut theirs) = (Replica::join(subject, "a"), Replica::connect(subject, "b", LONG));
    theirs.member.fleet = "another fleet".into();
    assert_eq!(theirs.renew(), ["b"]);
    assert_eq!(ours.renew(), ["a"]);
    let (one, other) = (ours.granted("feed", "a.1"), theirs.granted("feed", "b.1"));
    ours.save(&one.claim, 1, 10);
    theirs.save(&other.claim, 1, 20);
    ours.release(&one.claim, false);
    theirs.release(&other.claim, false);
    assert_eq!(ours.granted("feed", "a.2").checkpoint, Some(10));
    assert_eq!(theirs.granted("feed", "b.2").checkpoint, Some(20));
}

fn beats_renew_the_lease<S: Subject>(subject: &S) {
    let (mut first, mut second) = (Replica::join_briefly(subject, "a"), Replica::join(subject, "b"));
    first.granted("feed", "a.1");
    for _ in 0..8 {
        subject.pass(S::LEASE / 5);
        first.renew();
        second.renew();
    }
    second.refused("feed", "b.1");
    assert_eq!(second.renew(), ["a", "b"]);
}

fn clock_that_is_set_back_costs_at_most_one_more_lease<S: Subject>(subject: &S) {
    let (mut first, mut second) = (Replica::join_briefly(subject, "a"), Replica::join(subject, "b"));
    let fence = first.granted("feed", "a.1").claim.fence;
    if !subject.set_clock_back(Duration::from_secs(3_600)) {
        return;
    }
    second.renew();
    second.refused("feed", "b.1");
    expire(subject);
    assert_eq!(second.renew(), ["b"], "the first has not renewed its lease since");
    let later = second.granted("feed", "b.2").claim;
    assert!(later.fence > fence, "{fence} {later:?}");
}

fn wiped_store_makes_members_join_again<S: Subject>(subject: &S) {
    let mut replica = Replica::connect(subject, "a", LONG);
    let joined = replica.joined();
    subject.wipe();
    assert_ne!(replica.joined(), joined, "it has joined a store that does not know it");
    assert_eq!(replica.renew(), ["a"]);
}
