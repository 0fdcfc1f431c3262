//! Live locations, with their tracks.

use serde_json::{Value, json};

use crate::world::{
    now::{Now, rfc3339},
    state::{
        World,
        chat::{Chat, Share},
        feed_log::{LogEntry, Update},
    },
};

/// The maximum number of points of a track.
const MAX_POINTS: usize = 100;

impl World {
    /// The active live locations of a chat.
    pub(crate) fn locations_view(&self, now: Now, chat: &Chat) -> Value {
        chat.shares.iter().map(|(uid, share)| self.location_view(now, chat, uid, share)).collect()
    }

    fn location_view(&self, now: Now, chat: &Chat, uid: &str, share: &Share) -> Value {
        let mut track = Vec::new();
        let mut moved = None;
        for entry in self.log.entries.iter().rev().filter(|entry| entry.tid == chat.tid) {
            let Some((lat, lon, ended)) = point(entry, uid) else { continue };
            // The points before belong to an earlier share.
            if ended || track.len() == MAX_POINTS {
                break;
            }
            moved = moved.or(Some(entry.at));
            track.push(json!([lat, lon]));
        }
        track.reverse();
        let since_move = moved.map(|at| now.elapsed.saturating_sub(at).as_millis());
        let moved_at = since_move.map(|millis| now.millis() - i64::try_from(millis).unwrap_or(0));
        json!({
            "uid": uid,
            "mid": starting_message(chat, uid),
            "lat": share.lat,
            "lon": share.lon,
            "ends_at": rfc3339(share.expires_utc),
            "moved_at": moved_at,
            "track": track,
        })
    }
}

/// The place in an update of this user's location, and whether it ended the share.
fn point<'l>(entry: &'l LogEntry, uid: &str) -> Option<(&'l Value, &'l Value, bool)> {
    let Update::Location(json) = &entry.update else { return None };
    let is_of_user = json["user"]["uid"] == uid;
    is_of_user.then(|| (&json["lat"], &json["lon"], json["ended"] == true))
}

/// The last message of this user that starts a live location.
fn starting_message<'c>(chat: &'c Chat, uid: &str) -> Option<&'c String> {
    let starts = |attachment: &Value| attachment["kind"] == "live_location";
    let mut messages = chat.messages.iter().rev();
    messages.find(|it| it.from == uid && it.attachments.iter().any(starts)).map(|it| &it.mid)
}
