//! Random actions of people, and changes of the bot's membership.

use std::time::Duration;

use teamwire_sandbox::world::{Rejection, org};

use super::{
    oracle::degrees,
    random::Random,
    server::Server,
    violation::{SIMULATOR, Trace, Violation, violation},
};

const MEMBERS: [(&str, &[&str]); 2] =
    [(org::LOBBY, &[org::ANNA, org::BEN, org::CLARA]), (org::NOTICES, &[org::BEN, org::DAVID])];
const ALERT_REACTIONS: [&str; 2] = ["ok", "sos"];
const NOTE_REACTIONS: [&str; 5] = ["thumbs_up", "applause", "smile", "laugh", "love"];

/// Performs a random action of a random person in a random chat.
pub(super) fn random_action(
    server: &mut Server,
    random: &mut Random,
    clock: Duration,
    trace: &mut Trace,
) -> Result<(), Violation> {
    let now = server.now(clock);
    server.oracle.expire_shares(clock);
    let (tid, members) = *random.pick(&MEMBERS);
    let uid = *random.pick(members);
    let (world, oracle) = (&mut server.world, &mut server.oracle);
    match random.below(10) {
        0..=2 => {
            let mid = expect_permitted(world.as_person(now, uid).post(tid, "hello"))?;
            trace.log(|| format!("{clock:?} {uid} posts {mid} in {tid}"));
            oracle.posted(tid, uid, &mid, None);
        }
        3 => {
            let kind = *random.pick(&["alert", "announcement", "note"]);
            let mid = expect_permitted(world.as_person(now, uid).post_alert(tid, "attention", kind))?;
            trace.log(|| format!("{clock:?} {uid} posts the {kind} {mid} in {tid}"));
            oracle.posted(tid, uid, &mid, Some(kind == "alert"));
        }
        4 | 5 => {
            let Some((tid, mid, is_alert)) =
                oracle.attention_messages.get(random_index(random, oracle.attention_messages.len())).cloned()
            else {
                return Ok(());
            };
            let members = MEMBERS.iter().find(|(of, _)| *of == tid).map_or(members, |(_, members)| members);
            let uid = *random.pick(members);
            let kind = *random.pick(if is_alert { &ALERT_REACTIONS[..] } else { &NOTE_REACTIONS });
            let id = expect_permitted(world.as_person(now, uid).react(tid, &mid, kind))?;
            if oracle.reactions.insert((mid, uid), kind) != Some(kind) {
                trace.log(|| format!("{clock:?} {uid} reacts with {kind} ({id}) in {tid}"));
                oracle.reacted(tid, id, kind);
            }
        }
        6 => {
            let index = random_index(random, oracle.plain_messages.len());
            if let Some((tid, mid, uid)) = oracle.plain_messages.get(index).cloned()
                && uid != org::BOT
            {
                oracle.plain_messages.swap_remove(index);
                expect_permitted(world.as_person(now, uid).delete(tid, &mid))?;
                trace.log(|| format!("{clock:?} {uid} deletes {mid} in {tid}"));
                oracle.deleted(tid, mid);
            }
        }
        7 => {
            let (lat, duration) = (oracle.new_latitude(), *random.pick(&[5, 20, 900]));
            expect_permitted(world.as_person(now, uid).share_for(tid, degrees(lat), 0.0, duration))?;
            trace.log(|| format!("{clock:?} {uid} shares location {lat} in {tid} for {duration} s"));
            oracle.shared(clock, tid, uid, lat, Duration::from_secs(duration));
        }
        8 => {
            let lat = oracle.new_latitude();
            world.as_person(now, uid).move_to(degrees(lat), 0.0);
            trace.log(|| format!("{clock:?} {uid} moves to location {lat}"));
            oracle.moved(uid, lat);
        }
        _ => {
            expect_permitted(world.as_person(now, uid).stop_sharing(tid))?;
            trace.log(|| format!("{clock:?} {uid} stops sharing in {tid}"));
            oracle.unshared(tid, uid);
        }
    }
    Ok(())
}

/// Removes the bot from a chat, or adds it again.
pub(super) fn set_bot_removed(
    server: &mut Server,
    clock: Duration,
    tid: &'static str,
    is_removed: bool,
) -> Result<(), Violation> {
    if server.oracle.bot_removed_from.contains(tid) == is_removed {
        return Ok(());
    }
    let now = server.now(clock);
    server.oracle.expire_shares(clock);
    let admin = if tid == org::LOBBY { org::ANNA } else { org::BEN };
    if is_removed {
        expect_permitted(server.world.as_person(now, admin).remove_users(tid, &[org::BOT]))?;
        server.oracle.bot_removed_from.insert(tid);
        server.oracle.unshared(tid, org::BOT);
    } else {
        expect_permitted(server.world.as_person(now, admin).add_users(tid, &[org::BOT]))?;
        server.oracle.bot_removed_from.remove(tid);
    }
    Ok(())
}

fn random_index(random: &mut Random, length: usize) -> usize {
    usize::try_from(random.below(length.max(1) as u64)).expect("the index is below a length")
}

fn expect_permitted<T>(result: Result<T, Rejection>) -> Result<T, Violation> {
    result.or_else(|rejection| violation(SIMULATOR, || format!("a person's action was rejected: {rejection}")))
}
