//! Actions of people in the app, by the same rules as for bots.

use std::{fmt, time::Duration};

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    contract::problem::{Details, Problem},
    ids::BodyDigest,
    now::Now,
    operations::{attachments::LiveLocation, chats::Changes, create::NewGroupChat, draft::Draft, members::MemberIds},
    state::{
        World,
        assets::{Content, ReceivedFile, jpeg_dimensions},
    },
};

/// Why somebody could not do something: the problem that a bot would have been answered with.
#[derive(Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The status.
    pub status: StatusCode,
    /// The contract's code, such as `not_found`.
    pub code: &'static str,
    /// For people.
    pub detail: String,
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.code, self.detail)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Rejection {}

impl From<Problem> for Rejection {
    fn from(problem: Problem) -> Self {
        let extra = match &problem.details {
            Details::SchemaErrors(errors) => {
                let errors: Vec<_> = errors.iter().map(|it| format!("{}: {}.", it.pointer, it.detail)).collect();
                format!(" {}", errors.join(" "))
            }
            Details::InvalidMembers(ids) => format!(" {}", ids.join(", ")),
            _ => String::new(),
        };
        Self { status: problem.status, code: problem.code, detail: problem.detail + &extra }
    }
}

/// Somebody who is about to do something: [`World::act`].
#[derive(Debug)]
pub struct PersonActions<'w> {
    world: &'w mut World,
    now: Now,
    uid: String,
}

impl World {
    /// Lets this user do something, at this time.
    pub fn as_person(&mut self, now: Now, uid: &str) -> PersonActions<'_> {
        self.advance_to(now);
        self.revision += 1;
        PersonActions { world: self, now, uid: uid.to_owned() }
    }
}

/// What one can do is what the app lets one do. A chat one is no member of is `not_found`.
impl PersonActions<'_> {
    /// Posts a text. Answers the `mid`.
    pub fn post(&mut self, tid: &str, text: &str) -> Result<String, Rejection> {
        self.post_json(tid, &json!({ "msg": text }))
    }

    /// Posts an attention message: `alert`, `announcement` or `note`. Answers the `mid`.
    pub fn post_alert(&mut self, tid: &str, text: &str, alert_type: &str) -> Result<String, Rejection> {
        self.post_json(tid, &json!({ "msg": text, "alert_type": alert_type }))
    }

    /// Posts a `MessageDraft` of the contract, with everything it can have. Answers the `mid`.
    pub fn post_json(&mut self, tid: &str, message: &Value) -> Result<String, Rejection> {
        Ok(self.world.post(self.now, &self.uid, tid, Draft::read(message)?)?)
    }

    /// Deletes a message of one's own.
    pub fn delete(&mut self, tid: &str, mid: &str) -> Result<(), Rejection> {
        Ok(self.world.delete_message(self.now, &self.uid, tid, mid)?)
    }

    /// Marks all messages as read.
    pub fn mark_read(&mut self, tid: &str) -> Result<(), Rejection> {
        Ok(self.world.mark_read(&self.uid, tid)?)
    }

    /// Reacts to an attention message, or changes the reaction one has. Answers the `reaction_id`.
    pub fn react(&mut self, tid: &str, mid: &str, reaction_type: &str) -> Result<String, Rejection> {
        Ok(self.world.react(self.now, &self.uid, tid, mid, reaction_type)?.0)
    }

    /// Begins to share one's location for 900, 3600 or 28800 seconds. Answers the `mid` of the message that does so.
    pub fn share(&mut self, tid: &str, lat: f64, lon: f64, duration: Duration) -> Result<String, Rejection> {
        let seconds = duration.as_secs();
        let live = json!({ "kind": "live_location", "initial_lat": lat, "initial_lon": lon, "duration": seconds });
        self.post_json(tid, &json!({ "attachments": [live] }))
    }

    /// Shares one's location for any time at all, which the app does not offer.
    pub fn share_for(&mut self, tid: &str, lat: f64, lon: f64, seconds: u64) -> Result<(), Rejection> {
        self.world.chat(&self.uid, tid)?;
        self.world.share_location(self.now, &self.uid, tid, LiveLocation { lat, lon, seconds });
        Ok(())
    }

    /// Moves all one's shares. Answers the chats they are in.
    pub fn move_to(&mut self, lat: f64, lon: f64) -> Vec<String> {
        self.world.update_shares(self.now, &self.uid, lat, lon)
    }

    /// Ends one's share in this chat, if there is one.
    pub fn stop_sharing(&mut self, tid: &str) -> Result<(), Rejection> {
        Ok(self.world.stop_sharing(self.now, &self.uid, tid)?)
    }

    /// Makes a group chat with these users, and administers it. Answers the `tid`.
    pub fn create_chat(&mut self, title: &str, users: &[&str]) -> Result<String, Rejection> {
        let users = to_strings(users);
        let chat = NewGroupChat { title: title.to_owned(), users, ..NewGroupChat::default() };
        Ok(self.world.create_group_chat(self.now, &self.uid, chat)?)
    }

    /// The 1:1 chat with this user, which is made if there is none. Answers the `tid`.
    pub fn one_to_one(&mut self, recipient: &str) -> Result<String, Rejection> {
        Ok(self.world.open_one_to_one(self.now, &self.uid, recipient, Draft::default())?.0)
    }

    /// Adds users to a chat that one administers.
    pub fn add_users(&mut self, tid: &str, users: &[&str]) -> Result<(), Rejection> {
        let ids = MemberIds { users: to_strings(users), groups: Vec::new() };
        Ok(self.world.add_members(&self.uid, tid, ids)?)
    }

    /// Adds groups to a chat that one administers.
    pub fn add_groups(&mut self, tid: &str, groups: &[&str]) -> Result<(), Rejection> {
        let ids = MemberIds { users: Vec::new(), groups: to_strings(groups) };
        Ok(self.world.add_members(&self.uid, tid, ids)?)
    }

    /// Removes users from a chat that one administers.
    pub fn remove_users(&mut self, tid: &str, users: &[&str]) -> Result<(), Rejection> {
        let ids = MemberIds { users: to_strings(users), groups: Vec::new() };
        Ok(self.world.remove_members(self.now, &self.uid, tid, &ids)?)
    }

    /// Makes a member an admin of a chat that one administers.
    pub fn add_admin(&mut self, tid: &str, uid: &str) -> Result<(), Rejection> {
        Ok(self.world.add_admin(&self.uid, tid, uid)?)
    }

    /// BodyKind the rights of an admin from a member again.
    pub fn remove_admin(&mut self, tid: &str, uid: &str) -> Result<(), Rejection> {
        Ok(self.world.remove_admin(&self.uid, tid, uid)?)
    }

    /// Leaves a chat.
    pub fn leave(&mut self, tid: &str) -> Result<(), Rejection> {
        Ok(self.world.leave_chat(self.now, &self.uid, tid)?)
    }

    /// Closes a chat that one administers.
    pub fn close(&mut self, tid: &str) -> Result<(), Rejection> {
        Ok(self.world.close_chat(self.now, &self.uid, tid)?)
    }

    /// Opens a chat again that one administers.
    pub fn reopen(&mut self, tid: &str) -> Result<(), Rejection> {
        Ok(self.world.reopen_chat(&self.uid, tid)?)
    }

    /// Lets only admins post in a chat that one administers, or everybody again.
    pub fn allow_sending(&mut self, tid: &str, allowed: bool) -> Result<(), Rejection> {
        let changes = Changes { allow_sending: Some(allowed), ..Default::default() };
        Ok(self.world.change_chat(&self.uid, tid, changes)?)
    }

    /// Gives a chat that one administers another title.
    pub fn rename(&mut self, tid: &str, title: &str) -> Result<(), Rejection> {
        let changes = Changes { title: Some(title.to_owned()), ..Default::default() };
        Ok(self.world.change_chat(&self.uid, tid, changes)?)
    }

    /// Uploads a file, to be shown in a message by [`post_json`](Self::post_json). Answers the asset's id.
    pub fn upload(&mut self, file_name: &str, media_type: &str, bytes: &[u8]) -> String {
        let mut digest = BodyDigest::default();
        digest.update(bytes);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let file = ReceivedFile { size, digest: digest.finish(), jpeg: jpeg_dimensions(bytes) };
        let content = Content::Memory(bytes.to_vec());
        self.world.store(&self.uid, file_name.to_owned(), media_type.to_owned(), file, content).0
    }
}

fn to_strings(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}
