//! What people do, and what befalls the organisation.

use std::time::Duration;

use teamwire_sandbox::world::{Rejection, org};

use super::{
    oracle::degrees,
    random::Random,
    server::Server,
    violation::{Broken, Trace, broken},
};

const MEMBERS: [(&str, &[&str]); 2] =
    [(org::LOBBY, &[org::ANNA, org::BEN, org::CLARA]), (org::NOTICES, &[org::BEN, org::DAVID])];
const TO_ALERTS: [&str; 2] = ["ok", "sos"];
const TO_NOTES: [&str; 5] = ["thumbs_up", "applause", "smile", "laugh", "love"];

/// Somebody does something in one of the chats.
pub(super) fn act(server: &mut Server, random: &mut Random, clock: Duration, trace: &mut Trace) -> Result<(), Broken> {
    let now = server.now(clock);
    server.truth.pass_time(clock);
    server.stir();
    let (tid, members) = *random.pick(&MEMBERS);
    let uid = *random.pick(members);
    let (world, truth) = (&mut server.world, &mut server.truth);
    match random.below(10) {
        0..=2 => {
            let mid = done(world.as_person(now, uid).post(tid, "hello"))?;
            trace.note(|| format!("{clock:?} {uid} posts {mid} in {tid}"));
            truth.posted(tid, uid, &mid, None);
        }
        3 => {
            let kind = *random.pick(&["alert", "announcement", "note"]);
            let mid = done(world.as_person(now, uid).post_alert(tid, "attention", kind))?;
            trace.note(|| format!("{clock:?} {uid} posts the {kind} {mid} in {tid}"));
            truth.posted(tid, uid, &mid, Some(kind == "alert"));
        }
        4 | 5 => {
            let Some((tid, mid, is_alert)) = truth.attention.get(pick_at(random, truth.attention.len())).cloned()
            else {
                return Ok(());
            };
            let members = MEMBERS.iter().find(|(of, _)| *of == tid).map_or(members, |(_, members)| members);
            let uid = *random.pick(members);
            let kind = *random.pick(if is_alert { &TO_ALERTS[..] } else { &TO_NOTES });
            let id = done(world.as_person(now, uid).react(tid, &mid, kind))?;
            if truth.reactions.insert((mid, uid), kind) != Some(kind) {
                trace.note(|| format!("{clock:?} {uid} reacts with {kind} ({id}) in {tid}"));
                truth.reacted(tid, id, kind);
            }
        }
        6 => {
            let at = pick_at(random, truth.own.len());
            if let Some((tid, mid, uid)) = truth.own.get(at).cloned()
                && uid != org::BOT
            {
                truth.own.swap_remove(at);
                done(world.as_person(now, uid).delete(tid, &mid))?;
                trace.note(|| format!("{clock:?} {uid} deletes {mid} in {tid}"));
                truth.deleted(tid, mid);
            }
        }
        7 => {
            let (lat, lasts) = (truth.new_place(), *random.pick(&[5, 20, 900]));
            done(world.as_person(now, uid).share_for(tid, degrees(lat), 0.0, lasts))?;
            trace.note(|| format!("{clock:?} {uid} shares place {lat} in {tid} for {lasts} s"));
            truth.shared(clock, tid, uid, lat, Duration::from_secs(lasts));
        }
        8 => {
            let lat = truth.new_place();
            world.as_person(now, uid).move_to(degrees(lat), 0.0);
            trace.note(|| format!("{clock:?} {uid} moves to place {lat}"));
            truth.moved(uid, lat);
        }
        _ => {
            done(world.as_person(now, uid).stop_sharing(tid))?;
            trace.note(|| format!("{clock:?} {uid} stops sharing in {tid}"));
            truth.unshared(tid, uid);
        }
    }
    Ok(())
}

/// Takes the bot out of a chat, or lets it in again.
pub(super) fn ban(server: &mut Server, clock: Duration, tid: &'static str, banned: bool) -> Result<(), Broken> {
    if server.truth.banned.contains(tid) == banned {
        return Ok(());
    }
    let now = server.now(clock);
    server.truth.pass_time(clock);
    server.stir();
    let admin = if tid == org::LOBBY { org::ANNA } else { org::BEN };
    if banned {
        done(server.world.as_person(now, admin).remove_users(tid, &[org::BOT]))?;
        server.truth.banned.insert(tid);
        server.truth.unshared(tid, org::BOT);
    } else {
        done(server.world.as_person(now, admin).add_users(tid, &[org::BOT]))?;
        server.truth.banned.remove(tid);
    }
    Ok(())
}

fn pick_at(random: &mut Random, length: usize) -> usize {
    usize::try_from(random.below(length.max(1) as u64)).expect("it is below a length")
}

fn done<T>(result: Result<T, Rejection>) -> Result<T, Broken> {
    result.or_else(|refusal| broken("the simulation holds", || format!("somebody was refused: {refusal}")))
}
