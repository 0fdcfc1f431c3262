//! The promises, checked by the records of a run.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use teamwire_blocking::FeedEvent;
use teamwire_core::Checkpoint;
use teamwire_sandbox::org;
use teamwire_tests::{
    config,
    harness::{Blocking, Harness},
};

use super::{
    records::{Line, Record},
    replica::{LEASE, RE},
    world::World,
};

/// Longer than a take-over lasts on a busy machine.
const VERY_LONG: Duration = Duration::from_secs(30);
/// Number of times from which on their median is meaningful.
const ENOUGH: usize = 5;

/// Checks a run. Returns the number of repeats.
pub(super) fn check(world: &World) -> usize {
    let repeats = check_handled(world);
    check_replies(world);
    check_checkpoints(world);
    check_times("take-over", &world.takeovers.after_failures, LEASE + Duration::from_secs(2));
    check_times("take-over after a release", &world.takeovers.after_releases, Duration::from_secs(1));
    repeats
}

/// Promise 1: each event is handled at least once, and in order per chat without repeats. Returns their number.
fn check_handled(world: &World) -> usize {
    let (mut by_chat, mut seen, mut repeats) = (BTreeMap::<_, Vec<_>>::new(), BTreeSet::new(), 0);
    for line in &world.lines {
        if let Record::Handled { tid, text, .. } = &line.record {
            if seen.insert(text) {
                by_chat.entry(tid.as_str()).or_default().push(text.as_str());
            } else {
                repeats += 1;
            }
        }
    }
    let mut expected = BTreeMap::<_, Vec<_>>::new();
    for posted in &world.posted {
        expected.entry(posted.tid.as_str()).or_default().push(posted.text.as_str());
    }
    for (tid, texts) in expected {
        assert_eq!(by_chat.get(tid), Some(&texts), "the messages of {tid} are handled in order");
    }
    repeats
}

/// Promise 4: a change with a key is performed once.
fn check_replies(world: &World) {
    let mut replies = BTreeMap::<_, usize>::new();
    for tid in world.posted.iter().map(|posted| &posted.tid).collect::<BTreeSet<_>>() {
        for text in world.sandbox.texts(tid).into_iter().flatten() {
            if let Some(text) = text.strip_prefix(RE) {
                *replies.entry(text.to_owned()).or_default() += 1;
            }
        }
    }
    for posted in &world.posted {
        assert_eq!(replies.get(&posted.text), Some(&1), "there is one reply to {posted:?}");
    }
}

/// Promises 2 and 3: while the store loses nothing, a claim is granted at the last checkpoint that was saved under the
/// earlier ones, so that none of them has saved after it was granted, and the checkpoint never goes back.
fn check_checkpoints(world: &World) {
    const END: &str = "the end";
    world.sandbox.as_person(org::ANNA).post(org::LOBBY, END).expect("Anna is in the lobby");
    let positions = read_feed(world, END);
    let position = |(seq, checkpoint): &(u64, Checkpoint)| {
        let json = key(checkpoint);
        (*seq, *positions.get(&json).unwrap_or_else(|| panic!("{json} is not a checkpoint of the feed")))
    };
    let claims = claims(&world.lines);
    for claim in &claims {
        let saves: Vec<_> = claim.granted.iter().chain(&claim.saves).map(position).collect();
        let goes_back = saves.windows(2).any(|pair| pair[0].0 > pair[1].0 || pair[0].1 > pair[1].1);
        assert!(!goes_back, "the checkpoint of {claim:?} goes back: {saves:?}");
    }
    for (at, earlier) in claims.iter().enumerate() {
        let Some(last) = earlier.saves.last().map(position) else { continue };
        for later in &claims[at + 1..] {
            let has_failed_over = |(begun, ended): &(u64, u64)| *ended >= earlier.fence && *begun <= later.fence;
            if world.failovers.iter().any(has_failed_over) {
                break;
            }
            let granted = later.granted.as_ref().map(position);
            let is_kept = granted.is_some_and(|granted| last.0 <= granted.0 && last.1 <= granted.1);
            // Saves with the same number are the same.
            let is_same = granted.is_none_or(|granted| last.0 != granted.0 || last.1 == granted.1);
            assert!(is_kept && is_same, "{later:?} lacks {last:?}, which was saved under {earlier:?}: {granted:?}");
        }
    }
}

/// Waits until everything that was posted is handled and saved.
pub(super) fn wait_for_checkpoint(world: &mut World) {
    world.post(1);
    let last = world.posted.last().expect("there is one").text.clone();
    let positions = read_feed(world, &last);
    world.wait_until("a checkpoint behind all messages is saved", |world| {
        world.lines.iter().any(|line| match &line.record {
            // That of the last message, or one that is newer than what was read.
            Record::Saved { checkpoint, .. } => {
                let position = positions.get(&key(checkpoint));
                position.is_none_or(|position| position + 1 == positions.len())
            }
            _ => false,
        })
    });
}

/// A claim, and the saves under it.
#[derive(Debug)]
struct Tenure {
    id: String,
    fence: u64,
    /// The number and the checkpoint with which it was granted.
    granted: Option<(u64, Checkpoint)>,
    saves: Vec<(u64, Checkpoint)>,
}

/// Returns the claims in the order of their fences.
fn claims(lines: &[Line]) -> Vec<Tenure> {
    let mut claims: Vec<Tenure> = Vec::new();
    for line in lines {
        match &line.record {
            Record::Granted { claim, fence, seq, checkpoint, .. } if claims.iter().all(|known| known.id != *claim) => {
                let granted = checkpoint.clone().map(|checkpoint| (*seq, checkpoint));
                claims.push(Tenure { id: claim.clone(), fence: *fence, granted, saves: Vec::new() });
            }
            Record::Saved { claim, seq, checkpoint } => {
                let known = claims.iter_mut().find(|known| known.id == *claim).expect("it was granted");
                known.saves.push((*seq, checkpoint.clone()));
            }
            _ => {}
        }
    }
    claims.sort_by_key(|claim| claim.fence);
    claims
}

/// The position of each checkpoint in the feed, as another process reads it.
type Positions = BTreeMap<String, usize>;

/// Reads the feed from the first checkpoint that was saved up to the message with this text.
fn read_feed(world: &World, end: &str) -> Positions {
    let first = world.lines.iter().find_map(|line| match &line.record {
        Record::Saved { checkpoint, .. } => Some(checkpoint.clone()),
        _ => None,
    });
    let first = first.expect("the start of the feed was saved");
    let mut positions = BTreeMap::from([(key(&first), 0)]);
    let client = Blocking::connect(config(&world.sandbox));
    for event in client.chats().new_messages(first) {
        let event = event.expect("the backend is there");
        assert!(!matches!(event, FeedEvent::Gap(_)), "nothing is missed");
        if let Some(checkpoint) = event.checkpoint() {
            let next = positions.len();
            positions.entry(key(checkpoint)).or_insert(next);
        }
        if event.item().is_some_and(|message| message.text.as_deref() == Some(end)) {
            break;
        }
    }
    positions
}

fn key(checkpoint: &Checkpoint) -> String {
    serde_json::to_string(checkpoint).expect("it is JSON")
}

fn median(times: &[Duration]) -> Option<Duration> {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() / 2).copied()
}

fn check_times(what: &str, times: &[Duration], bound: Duration) {
    assert!(times.iter().all(|time| *time < VERY_LONG), "{what}: {times:?}");
    if times.len() >= ENOUGH {
        assert!(median(times) <= Some(bound), "{what}: the median is above {bound:?}: {times:?}");
    }
}

/// Returns number, median and maximum.
pub(super) fn summary(times: &[Duration]) -> String {
    format!("{} times, median {:?}, maximum {:?}", times.len(), median(times), times.iter().max())
}
