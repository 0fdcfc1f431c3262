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

/// The reason why an action was rejected: the problem that a bot would have received.
#[derive(Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The status.
    pub status: StatusCode,
    /// The contract's code, such as `not_found`.
    pub code: &'static str,
    /// A description for people.
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

/// The actions of a user, returned by [`World::as_person`].
#[derive(Debug)]
pub struct PersonActions<'w> {
    world: &'w mut World,
    now: Now,
    uid: String,
}

impl World {
    /// Acts as this user, at this time.
    pub fn as_person(&mut self, now: Now, uid: &str) -> PersonActions<'_> {
        self.advance_to(now);
        self.revision += 1;
        PersonActions { world: self, now, uid: uid.to_owned() }
    }
}

/// The user can do what the app offers. A chat without the user as a member is `not_found`.
impl PersonActions<'_> {
    /// Posts a text message and returns its `mid`.
    ///
    /// # Errors
    ///
    /// `not_found` if the user is not a member of the chat, `auth` if only admins may post, `conflict` if the chat is
    /// closed,
    /// `invalid_request` for an invalid text.
    pub fn post(&mut self, tid: &str, text: &str) -> Result<String, Rejection> {
        self.post_json(tid, &json!({ "msg": text }))
    }

    /// Posts an attention message of type `alert`, `announcement` or `note` and returns its `mid`.
    ///
    /// # Errors
    ///
    /// Same as [`post`](Self::post), and `invalid_request` for an unknown type.
    pub fn post_alert(&mut self, tid: &str, text: &str, alert_type: &str) -> Result<String, Rejection> {
        self.post_json(tid, &json!({ "msg": text, "alert_type": alert_type }))
    }

    /// Posts a `MessageDraft` of the contract and returns its `mid`.
    ///
    /// # Errors
    ///
    /// Same as [`post`](Self::post), and `not_found` for an unknown asset or `reply_to`, `invalid_request` for a
    /// violation of the schema.
    pub fn post_json(&mut self, tid: &str, message: &Value) -> Result<String, Rejection> {
        Ok(self.world.post(self.now, &self.uid, tid, Draft::read(message)?)?)
    }

    /// Deletes one of the user's own messages.
    ///
    /// # Errors
    ///
    /// `not_found` if there is no such chat or message, `auth` if another user has sent it.
    pub fn delete(&mut self, tid: &str, mid: &str) -> Result<(), Rejection> {
        Ok(self.world.delete_message(self.now, &self.uid, tid, mid)?)
    }

    /// Marks all messages of a chat as read.
    ///
    /// # Errors
    ///
    /// `not_found` if the user is not a member of the chat.
    pub fn mark_read(&mut self, tid: &str) -> Result<(), Rejection> {
        Ok(self.world.mark_read(self.now, &self.uid, tid)?)
    }

    /// Reacts to an attention message, or changes the user's reaction, and returns the `reaction_id`.
    ///
    /// # Errors
    ///
    /// `not_found` if there is no such chat or message, `conflict` if the chat is closed, `invalid_request` if the
    /// message does not accept this reaction.
    pub fn react(&mut self, tid: &str, mid: &str, reaction_type: &str) -> Result<String, Rejection> {
        Ok(self.world.react(self.now, &self.uid, tid, mid, reaction_type)?.0)
    }

    /// Starts to share the user's location for 900, 3600 or 28800 seconds and returns the `mid` of the message that
    /// starts it.
    ///
    /// # Errors
    ///
    /// Same as [`post`](Self::post), and `invalid_request` for other durations or invalid coordinates.
    pub fn share(&mut self, tid: &str, lat: f64, lon: f64, duration: Duration) -> Result<String, Rejection> {
        let seconds = duration.as_secs();
        let live = json!({ "kind": "live_location", "initial_lat": lat, "initial_lon": lon, "duration": seconds });
        self.post_json(tid, &json!({ "attachments": [live] }))
    }

    /// Starts to share the user's location for any number of seconds, which the contract does not offer.
    ///
    /// # Errors
    ///
    /// `not_found` if the user is not a member of the chat.
    pub fn share_for(&mut self, tid: &str, lat: f64, lon: f64, seconds: u64) -> Result<(), Rejection> {
        self.world.chat(&self.uid, tid)?;
        self.world.share_location(self.now, &self.uid, tid, LiveLocation { lat, lon, seconds });
        Ok(())
    }

    /// Moves all of the user's location shares and returns the chats they are in.
    pub fn move_to(&mut self, lat: f64, lon: f64) -> Vec<String> {
        self.world.update_shares(self.now, &self.uid, lat, lon)
    }

    /// Ends the user's location share in a chat, if there is one.
    ///
    /// # Errors
    ///
    /// `not_found` if the user is not a member of the chat.
    pub fn stop_sharing(&mut self, tid: &str) -> Result<(), Rejection> {
        Ok(self.world.stop_sharing(self.now, &self.uid, tid)?)
    }

    /// Creates a group chat with these users, with this user as admin, and returns its `tid`.
    ///
    /// # Errors
    ///
    /// `not_found` if this user is unknown or deleted, `invalid_members` if one of the others is.
    pub fn create_chat(&mut self, title: &str, users: &[&str]) -> Result<String, Rejection> {
        let users = to_strings(users);
        let chat = NewGroupChat { title: title.to_owned(), users, ..NewGroupChat::default() };
        Ok(self.world.create_group_chat(self.now, &self.uid, chat)?)
    }

    /// Returns the `tid` of the 1:1 chat with a user, creating the chat if necessary.
    ///
    /// # Errors
    ///
    /// `not_found` if this user is unknown or deleted, `invalid_members` if the recipient is, or is the user itself.
    pub fn one_to_one(&mut self, recipient: &str) -> Result<String, Rejection> {
        Ok(self.world.open_one_to_one(self.now, &self.uid, recipient, Draft::default())?.0)
    }

    /// Adds users to a chat.
    ///
    /// # Errors
    ///
    /// `not_found` if the user is not a member of the chat, `update_members_not_allowed` if the settings forbid it,
    /// `auth` if the user is not an admin, `conflict` if the chat is closed, `invalid_members` for unknown ids.
    pub fn add_users(&mut self, tid: &str, users: &[&str]) -> Result<(), Rejection> {
        let ids = MemberIds { users: to_strings(users), groups: Vec::new() };
        Ok(self.world.add_members(self.now, &self.uid, tid, ids)?)
    }

    /// Adds groups to a chat.
    ///
    /// # Errors
    ///
    /// Same as [`add_users`](Self::add_users).
    pub fn add_groups(&mut self, tid: &str, groups: &[&str]) -> Result<(), Rejection> {
        let ids = MemberIds { users: Vec::new(), groups: to_strings(groups) };
        Ok(self.world.add_members(self.now, &self.uid, tid, ids)?)
    }

    /// Removes users from a chat.
    ///
    /// # Errors
    ///
    /// Same as [`add_users`](Self::add_users), and `conflict` if no admin would be left.
    pub fn remove_users(&mut self, tid: &str, users: &[&str]) -> Result<(), Rejection> {
        let ids = MemberIds { users: to_strings(users), groups: Vec::new() };
        Ok(self.world.remove_members(self.now, &self.uid, tid, &ids)?)
    }

    /// Makes a member an admin of a chat.
    ///
    /// # Errors
    ///
    /// `not_found` if there is no such chat or member, `auth` if the user is not an admin.
    pub fn add_admin(&mut self, tid: &str, uid: &str) -> Result<(), Rejection> {
        Ok(self.world.add_admin(self.now, &self.uid, tid, uid)?)
    }

    /// Removes an admin of a chat, who stays a member.
    ///
    /// # Errors
    ///
    /// Same as [`add_admin`](Self::add_admin), and `conflict` if no admin would be left.
    pub fn remove_admin(&mut self, tid: &str, uid: &str) -> Result<(), Rejection> {
        Ok(self.world.remove_admin(self.now, &self.uid, tid, uid)?)
    }

    /// Leaves a chat.
    ///
    /// # Errors
    ///
    /// `not_found` if the user is not a member of the chat, `leave_chat_not_allowed` if the settings forbid it, `auth`
    /// for a 1:1 chat or a membership through a group.
    pub fn leave(&mut self, tid: &str) -> Result<(), Rejection> {
        Ok(self.world.leave_chat(self.now, &self.uid, tid)?)
    }

    /// Closes a chat.
    ///
    /// # Errors
    ///
    /// `not_found` if the user is not a member of the chat, `close_chat_not_allowed` if the settings forbid it, `auth`
    /// if the user is not an admin.
    pub fn close(&mut self, tid: &str) -> Result<(), Rejection> {
        Ok(self.world.close_chat(self.now, &self.uid, tid)?)
    }

    /// Reopens a closed chat.
    ///
    /// # Errors
    ///
    /// `not_found` if the user is not a member of the chat, `auth` if it is not an admin.
    pub fn reopen(&mut self, tid: &str) -> Result<(), Rejection> {
        Ok(self.world.reopen_chat(self.now, &self.uid, tid)?)
    }

    /// Allows all members to post in a chat, or only its admins.
    ///
    /// # Errors
    ///
    /// Same as [`reopen`](Self::reopen).
    pub fn allow_sending(&mut self, tid: &str, allowed: bool) -> Result<(), Rejection> {
        let changes = Changes { allow_sending: Some(allowed), ..Default::default() };
        Ok(self.world.change_chat(self.now, &self.uid, tid, changes)?)
    }

    /// Changes the title of a chat.
    ///
    /// # Errors
    ///
    /// Same as [`reopen`](Self::reopen).
    pub fn rename(&mut self, tid: &str, title: &str) -> Result<(), Rejection> {
        let changes = Changes { title: Some(title.to_owned()), ..Default::default() };
        Ok(self.world.change_chat(self.now, &self.uid, tid, changes)?)
    }

    /// Uploads a file for use in [`post_json`](Self::post_json) and returns the asset's id.
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
