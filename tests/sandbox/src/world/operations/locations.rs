//! Live locations: sharing, moving, ending, and their feed.

use std::collections::BTreeMap;

use serde_json::json;

use super::{attachments::LiveLocation, feed::check_poll, subscriptions::subscription_of};
use crate::world::{
    call::Call,
    contract::{json_object, problem::Problem},
    now::{Now, rfc3339, saturating_add},
    outcome::{OperationResult, Outcome, ok},
    state::{
        World,
        chat::{Chat, Share},
        feed_log::{Feed, Update},
        subscriptions::Topic,
    },
};

pub(crate) fn update(world: &mut World, call: &Call) -> OperationResult {
    let (lat, lon) = json_object::read(&call.json, |object| {
        object.require(&["lat", "lon"]);
        object.number("lat", -90.0..=90.0).zip(object.number("lon", -180.0..=180.0))
    })?;
    ok(json!({ "active": world.update_shares(call.now, &call.actor, lat, lon) }))
}

/// The bot's own active shares, which let a restarted client restore them.
pub(crate) fn list(world: &mut World, call: &Call) -> OperationResult {
    let shares = world.chats_of(&call.actor).into_iter().filter_map(|chat| {
        let share = chat.shares.get(&call.actor)?;
        Some((chat.number, (chat, share)))
    });
    world.list_cursors().page(call, &call.cursor_scope(""), shares, |(chat, share)| {
        let left = share.expires.saturating_sub(call.now.elapsed).as_millis();
        json!({
            "tid": chat.tid,
            "lat": share.lat,
            "lon": share.lon,
            "ends_at": rfc3339(share.expires_utc),
            "remaining_ms": u64::try_from(left).unwrap_or(u64::MAX),
        })
    })
}

pub(crate) fn stop(world: &mut World, call: &Call) -> OperationResult {
    world.stop_sharing(call.now, &call.actor, call.id(0))?;
    Ok(Outcome::NoContent)
}

pub(crate) fn count(world: &mut World, call: &Call) -> OperationResult {
    ok(json!({ "count": world.chat(&call.actor, call.id(0))?.shares.len() }))
}

pub(crate) fn poll(world: &mut World, call: &Call) -> OperationResult {
    let subscription = subscription_of(call)?;
    check_poll(call)?;
    world.chat(&call.actor, call.id(0))?;
    let tid = call.id(0).to_owned();
    world.poll_leased(call, &subscription, &Topic::Locations(tid.clone()), &Feed::LocationsOf(tid))
}

impl World {
    /// Starts a share, which replaces an earlier one of this user in this chat.
    pub(crate) fn share_location(&mut self, now: Now, actor: &str, tid: &str, live: LiveLocation) {
        self.end_shares(now, tid, |uid| uid == actor);
        let share = Share {
            lat: live.lat,
            lon: live.lon,
            expires: now.elapsed.saturating_add(live.duration()),
            expires_utc: saturating_add(now.utc, live.duration()),
        };
        self.publish_location(now, tid, actor, &share, false);
        if let Some(chat) = self.chats.get_mut(tid) {
            chat.shares.insert(actor.to_owned(), share);
        }
    }

    /// Moves all shares of this user and returns their chats, oldest first.
    pub(crate) fn update_shares(&mut self, now: Now, actor: &str, lat: f64, lon: f64) -> Vec<String> {
        let sharing = |chat: &&Chat| chat.shares.contains_key(actor);
        let tids: Vec<_> = self.chats_of(actor).into_iter().filter(sharing).map(|chat| chat.tid.clone()).collect();
        for tid in &tids {
            let share = self.chats.get_mut(tid).and_then(|chat| chat.shares.get_mut(actor)).map(|share| {
                (share.lat, share.lon) = (lat, lon);
                share.clone()
            });
            if let Some(share) = share {
                self.publish_location(now, tid, actor, &share, false);
            }
        }
        tids
    }

    pub(crate) fn stop_sharing(&mut self, now: Now, actor: &str, tid: &str) -> Result<(), Problem> {
        self.chat(actor, tid)?;
        self.end_shares(now, tid, |uid| uid == actor);
        Ok(())
    }

    /// Ends the shares of users who are no longer members.
    pub(crate) fn end_shares_of_non_members(&mut self, now: Now, tid: &str) {
        let Some(chat) = self.chats.get(tid) else { return };
        let is_non_member = |uid: &&String| !chat.is_member(&self.directory, uid);
        let non_members: Vec<_> = chat.shares.keys().filter(is_non_member).cloned().collect();
        self.end_shares(now, tid, |uid| non_members.iter().any(|it| it == uid));
    }

    /// Ends the shares of these users in this chat.
    pub(crate) fn end_shares(&mut self, now: Now, tid: &str, whose: impl Fn(&str) -> bool) {
        let Some(chat) = self.chats.get_mut(tid) else { return };
        let (ended, kept): (BTreeMap<_, _>, _) =
            std::mem::take(&mut chat.shares).into_iter().partition(|(uid, _)| whose(uid));
        chat.shares = kept;
        for (uid, share) in ended {
            self.publish_location(now, tid, &uid, &share, true);
        }
    }

    /// Applies everything that expires until `now`. All other methods with a time do so first.
    pub fn advance_to(&mut self, now: Now) {
        let mut expired = Vec::new();
        for (tid, chat) in &self.chats {
            let ended = chat.shares.iter().filter(|(_, share)| share.expires <= now.elapsed);
            expired.extend(ended.map(|(uid, share)| (share.expires, share.expires_utc, tid.clone(), uid.clone())));
        }
        expired.sort();
        for (elapsed, utc, tid, uid) in expired {
            self.end_shares(Now { elapsed, utc }, &tid, |it| it == uid);
        }
        self.log.remove_old(now.elapsed);
    }

    fn publish_location(&mut self, now: Now, tid: &str, uid: &str, share: &Share, ended: bool) {
        let json = json!({
            "tid": tid,
            "user": self.directory.user_json(uid),
            "lat": share.lat,
            "lon": share.lon,
            "time": rfc3339(now.utc),
            "ended": ended,
        });
        self.publish(now, tid, Update::Location(json));
    }
}
