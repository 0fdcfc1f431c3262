//! Saves.

use teamwire_core::claim::{Claim, Save, Saved};

use super::{
    replica::{Replica, Test, checkpoint, expire},
    subject::Subject,
};
use crate::claims::ClaimStore;

pub(super) fn tests<S: Subject>() -> Vec<Test<S>> {
    vec![
        only_greater_numbers_are_saved,
        expired_claim_saves_until_another_is_granted,
        ids_are_compared_and_not_fences,
        released_claim_saves_nothing,
        saves_of_one_call_have_a_result_each,
    ]
}

/// Returns the saved checkpoint and its number.
fn saved<S: Subject>(subject: &S, claim: &Claim) -> (Option<u64>, u64) {
    let granted = Replica::join(subject, "a").granted(&claim.feed, &claim.id);
    (granted.checkpoint, granted.seq)
}

fn only_greater_numbers_are_saved<S: Subject>(subject: &S) {
    let mut replica = Replica::join(subject, "a");
    let claim = replica.granted("feed", "a.1").claim;
    for (seq, number, expected) in [
        (0, 5, (None, 0)),
        (1, 10, (Some(10), 1)),
        // A repetition, and one that was overtaken.
        (1, 10, (Some(10), 1)),
        (5, 50, (Some(50), 5)),
        (4, 40, (Some(50), 5)),
        (0, 60, (Some(50), 5)),
        // The position itself is not compared: only the server knows the order of cursors.
        (6, 20, (Some(20), 6)),
        (u64::from(u32::MAX) * 1_000, 30, (Some(30), u64::from(u32::MAX) * 1_000)),
    ] {
        assert_eq!(replica.save(&claim, seq, number), Saved::Yes, "save {seq}");
        assert_eq!(saved(subject, &claim), expected, "after save {seq}");
    }
}

fn expired_claim_saves_until_another_is_granted<S: Subject>(subject: &S) {
    let mut first = Replica::join_briefly(subject, "a");
    let old = first.granted("feed", "a.1").claim;
    expire(subject);
    assert_eq!(first.save(&old, 1, 7), Saved::Yes, "what was handled is saved");
    let mut second = Replica::join(subject, "b");
    let new = second.granted("feed", "b.1");
    assert_eq!((new.checkpoint, new.seq), (Some(7), 1));
    for seq in [0, 2, 100] {
        assert_eq!(first.save(&old, seq, 8), Saved::Lost, "save {seq}");
    }
    assert_eq!(second.granted("feed", "b.1").checkpoint, Some(7));
    assert_eq!(second.save(&new.claim, 2, 9), Saved::Yes);
}

fn ids_are_compared_and_not_fences<S: Subject>(subject: &S) {
    let mut replica = Replica::join(subject, "a");
    let claim = replica.granted("feed", "a.1").claim;
    let same_fence = Claim { id: "b.1".into(), ..claim.clone() };
    assert_eq!(replica.save(&same_fence, 1, 7), Saved::Lost);
    let same_id = Claim { fence: 0, ..claim.clone() };
    assert_eq!(replica.save(&same_id, 1, 7), Saved::Yes);
    replica.release(&same_fence, false);
    replica.refused("feed", "a.2");
    replica.release(&same_id, false);
    replica.granted("feed", "a.3");
}

fn released_claim_saves_nothing<S: Subject>(subject: &S) {
    let mut replica = Replica::join(subject, "a");
    let claim = replica.granted("feed", "a.1").claim;
    replica.save(&claim, 1, 7);
    replica.release(&claim, false);
    assert_eq!(replica.save(&claim, 2, 8), Saved::Lost);
    assert_eq!(replica.granted("feed", "a.2").checkpoint, Some(7));
}

fn saves_of_one_call_have_a_result_each<S: Subject>(subject: &S) {
    let mut replica = Replica::join(subject, "a");
    let claims: Vec<Claim> =
        (0..3).map(|number| replica.granted(&format!("feed {number}"), &format!("a.{number}")).claim).collect();
    replica.release(&claims[1], false);
    let saves: Vec<Save> = (1..).zip(&claims).map(|(number, claim)| save(claim, number)).collect();
    let saved = replica.store.save(&replica.member, &saves).expect("the store is there");
    assert_eq!(saved, [Saved::Yes, Saved::Lost, Saved::Yes]);
    assert!(replica.store.save(&replica.member, &[]).expect("the store is there").is_empty());
    replica.store.release(&replica.member, &[]).expect("the store is there");
    for (number, claim) in [(1, &claims[0]), (3, &claims[2])] {
        assert_eq!(replica.granted(&claim.feed, &claim.id).checkpoint, Some(number));
    }
}

fn save(claim: &Claim, number: u64) -> Save {
    Save { claim: claim.clone(), seq: 1, checkpoint: checkpoint(number) }
}
