use alloc::{format, vec, vec::Vec};
use core::time::Duration;

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::{
    claim::{Call, ClaimRequest, Claimed, FeedRecord, Member, Outcome, ReplicaStep, Saved, StoreErrorKind, View},
    config::{Config, Credentials},
    error::ErrorKind,
    executor::Manual,
    feed::Resume,
    machine::{Machine, Step},
    model::{Message, User},
};

const FEED: &str = "all_messages";
const LEASE: Duration = Duration::from_secs(3);

fn at(millis: u64) -> Now {
    let elapsed = Duration::from_millis(millis);
    let utc = DateTime::UNIX_EPOCH + TimeDelta::from_std(elapsed).expect("it is short");
    Now::new(Moment::from_epoch(elapsed), utc)
}

fn checkpoint(number: u64) -> Checkpoint {
    let json = format!(r#"{{ "version": 1, "feed": "all_messages", "cursor": "{number}" }}"#);
    serde_json::from_str(&json).expect("it is a checkpoint")
}

fn event(number: u64) -> FeedEvent<Message> {
    let anna = User::new("u-anna", "Anna", "Berg");
    let item = Message::new(format!("m{number}"), "c1", anna, DateTime::UNIX_EPOCH);
    FeedEvent::Update { item, checkpoint: checkpoint(number) }
}

/// A replica with the feed, and the responses of its store.
struct Member1 {
    replica: Replica,
    following: Following<Message>,
}

impl Member1 {
    fn new(begins: bool) -> Self {
        let mut replica = Replica::new(Member { fleet: "fleet".into(), id: "m1".into(), lease: LEASE });
        assert!(replica.follow(FEED, begins));
        Self { replica, following: Following::new(FEED, 1) }
    }

    /// Returns the call that is due.
    fn call(&mut self, now: Now) -> Call {
        match self.replica.next(now) {
            ReplicaStep::Call(call) => call,
            other => panic!("a call is due, not {other:?}"),
        }
    }

    /// The store renews the lease.
    fn renew(&mut self, now: Now, members: &[&str]) {
        assert_eq!(self.call(now), Call::Renew);
        let members = members.iter().map(|&id| id.into()).collect();
        self.replica.handle(now, now, Outcome::Renew(Ok(View { members, joined: 1 })));
    }

    /// The store grants the feed, or another member holds it.
    fn claim(&mut self, now: Now, checkpoint: Option<Checkpoint>, holder: Option<&str>) {
        let Call::Claim(wanted, _) = self.call(now) else { panic!("a claim is due") };
        let claim = Claim { feed: FEED.into(), id: wanted[0].id.clone(), fence: 1 };
        let claimed = match holder {
            None => Claimed::Held { claim, checkpoint, seq: 1, tries: 1 },
            Some(by) => Claimed::Taken { claim: Claim { id: "other".into(), ..claim }, by: by.into(), checkpoint },
        };
        self.replica.handle(now, now, Outcome::Claim(Ok(vec![claimed])));
    }

    /// The store saves this checkpoint.
    fn saved(&mut self, now: Now, checkpoint: &Checkpoint) {
        let Call::Save(saves) = self.call(now) else { panic!("a save is due") };
        assert_eq!(saves.iter().map(|save| &save.checkpoint).collect::<Vec<_>>(), [checkpoint]);
        self.replica.handle(now, now, Outcome::Save(Ok(vec![Saved::Yes])));
    }

    fn turn(&mut self, now: Now) -> FollowStep<Message> {
        self.following.turn(&mut self.replica, now)
    }
}

/// Returns a member that holds the feed, and whose handler has failed at its first event.
fn with_failed_event() -> Member1 {
    let mut member = Member1::new(false);
    member.renew(at(0), &["m1"]);
    member.claim(at(0), Some(checkpoint(0)), None);
    assert!(matches!(member.turn(at(0)), FollowStep::Follow(Some(_))));
    member.following.push(&mut member.replica, event(1));
    let FollowStep::Handle(handed_out) = member.turn(at(0)) else { panic!("it is ready") };
    let HandedEvent { event, handed: Some(handed), .. } = *handed_out else { panic!("it is an event of the feed") };
    member.following.fail(&mut member.replica, handed, event, at(0).moment);
    member
}

#[test]
fn failed_event_does_not_end_the_wait_for_a_store_that_is_away() {
    let mut member = with_failed_event();
    let FollowStep::Poll(Some(due)) = member.turn(at(0)) else { panic!("it comes again") };
    assert_eq!(due, at(1_000).moment);
    // The lease is not renewed meanwhile: a wait for the past would be a busy loop.
    let turn = member.turn(at(2_500));
    assert!(matches!(turn, FollowStep::Poll(None)), "{turn:?}");
    member.renew(at(2_600), &["m1"]);
    // After such a time, the claim is verified.
    let Call::Save(saves) = member.call(at(2_600)) else { panic!("a save is due") };
    let saved = saves.iter().map(|_| Saved::Yes).collect();
    member.replica.handle(at(2_600), at(2_600), Outcome::Save(Ok(saved)));
    assert!(matches!(member.turn(at(2_600)), FollowStep::Handle(_)));
}

#[test]
fn failed_event_that_is_due_does_not_end_the_wait_for_room() {
    let mut member = with_failed_event();
    // A wait for the past would be a busy loop.
    let turn = member.following.turn_if(&mut member.replica, at(1_500), false);
    assert!(matches!(turn, FollowStep::Poll(None)), "{turn:?}");
    assert!(matches!(member.turn(at(1_500)), FollowStep::Handle(_)));
}

#[test]
fn later_follower_does_not_begin_with_the_claim_of_the_one_before() {
    for is_leaving in [false, true] {
        let mut member = Member1::new(true);
        member.renew(at(0), &["m1"]);
        member.claim(at(0), None, None);
        assert!(matches!(member.turn(at(0)), FollowStep::Follow(None)));
        member.following.push(&mut member.replica, FeedEvent::Started(checkpoint(0)));
        member.saved(at(0), &checkpoint(0));
        // It is followed again before the claim is released.
        member.following.unfollow();
        member.replica.unfollow(FEED);
        if is_leaving {
            member.replica.leave();
        }
        assert_eq!(member.replica.follow(FEED, true), !is_leaving);
        member.following = Following::new(FEED, 1);
        let turn = member.turn(at(0));
        assert!(matches!(turn, FollowStep::Wait(_)), "its beginning would replace the saved checkpoint: {turn:?}");
        assert!(matches!(member.call(at(0)), Call::Release(_)));
    }
}

#[test]
fn member_that_has_seen_the_checkpoint_of_another_one_does_not_begin() {
    let mut member = Member1::new(true);
    member.renew(at(0), &["m2", "m1"]);
    // It is the second of two members, and looks for a feed beyond its share once per lease.
    let ReplicaStep::Wait(Some(_)) = member.replica.next(at(10)) else { panic!("nothing is due") };
    member.renew(at(1_000), &["m2", "m1"]);
    member.renew(at(2_000), &["m2", "m1"]);
    member.renew(at(3_000), &["m2", "m1"]);
    member.claim(at(3_000), Some(checkpoint(7)), Some("m2"));
    // The store is emptied, and the other member dies.
    member.renew(at(4_000), &["m1"]);
    member.claim(at(4_000), None, None);
    let FollowStep::End(Err(error)) = member.turn(at(4_000)) else { panic!("it must not begin") };
    assert_eq!(error.kind(), ErrorKind::Store);
    let ClaimStatus::Failed(error) = member.replica.status(FEED, at(4_000)) else { panic!("it has failed") };
    assert_eq!(error.kind, StoreErrorKind::NoCheckpoint);
}

#[test]
fn beginning_at_a_checkpoint_that_was_saved_elsewhere_is_saved_before_events_are_handed_out() {
    let config = Config::new("https://teamwire.example", Credentials::new("app-id", "secret").expect("they are valid"));
    let client = crate::Client::new(Manual::new(config.expect("it is valid"), [7; 32], at(0)));
    let template = client.chats().new_messages(checkpoint(5));
    let mut member = Member1::new(true);
    member.renew(at(0), &["m1"]);
    member.claim(at(0), None, None);
    let FollowStep::Follow(None) = member.turn(at(0)) else { panic!("it begins") };
    let mut feed = template.resumed(None);
    let Step::Event(start) = feed.poll(at(0)) else { panic!("it starts") };
    member.following.push(&mut member.replica, start);
    assert!(matches!(member.turn(at(0)), FollowStep::Poll(_)), "nothing is handed out yet");
    let Call::Save(saves) = member.call(at(0)) else { panic!("its start is to be saved") };
    let saved: Vec<_> = saves.iter().map(|save| (save.seq, save.checkpoint.clone())).collect();
    assert_eq!(saved, [(2, checkpoint(5))]);
    member.replica.handle(at(0), at(0), Outcome::Save(Ok(vec![Saved::Yes])));
    let FollowStep::Handle(handed_out) = member.turn(at(0)) else { panic!("it is open") };
    assert!(matches!(handed_out.event, FeedEvent::Started(_)));
    // From there on, the feed has events only.
    let Step::Send(..) = feed.poll(at(0)) else { panic!("it polls") };
    assert!(matches!(template.resumed(Some(checkpoint(6))).poll(at(0)), Step::Send(..)));
}

#[test]
fn save_by_the_bot_whose_outcome_is_unknown_is_repeated_with_its_number() {
    let mut member = Member1::new(false);
    let mut record = FeedRecord::default();
    let wanted = ClaimRequest { feed: FEED.into(), id: "m1.1".into() };
    record.claim(member.replica.member(), &wanted, 1, false, true).expect("the feed is free");
    member.renew(at(0), &["m1"]);
    member.claim(at(0), Some(checkpoint(0)), None);
    assert!(matches!(member.turn(at(0)), FollowStep::Follow(Some(_))));
    for number in 1..=2 {
        member.following.push(&mut member.replica, event(number));
    }
    let mut seqs = Vec::new();
    for (time, was_saved) in [(0, false), (1_000, true), (1_000, false)] {
        let FollowStep::Handle(handed_out) = member.turn(at(time)) else { panic!("an event is ready") };
        let HandedEvent { event, handed: Some(handed), claim: Some(claim) } = *handed_out else {
            panic!("it has a claim")
        };
        let checkpoint = event.checkpoint().expect("it has one").clone();
        let number = handed.number();
        let save = member.following.to_save(&mut member.replica, number, claim, checkpoint).expect("it is the first");
        assert_eq!(record.has_saved(&save), was_saved);
        seqs.push(save.seq);
        assert_eq!(record.save(&save), Saved::Yes);
        if seqs.len() == 1 {
            // The transaction is committed, but its outcome is unknown.
            member.following.fail(&mut member.replica, handed, event, at(time).moment);
        } else {
            member.replica.saved(FEED, &save.claim.id, save.checkpoint);
            member.following.finish(&mut member.replica, handed);
        }
    }
    assert!(seqs[0] == seqs[1] && seqs[1] < seqs[2], "{seqs:?}");
}
