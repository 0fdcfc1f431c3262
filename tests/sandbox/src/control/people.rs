//! People, as a test directs them.

use std::{fmt, time::Duration};

use serde_json::Value;

use crate::{
    server::Shared,
    world::{PersonActions, Rejection},
};

/// Somebody in the organisation: [`Sandbox::as_person`](crate::Sandbox::as_person).
///
/// What they do goes by the same rules as what bots do, at once, and polls that wait hear of it.
pub struct Person<'s> {
    pub(crate) shared: &'s Shared,
    pub(crate) uid: String,
}

impl Person<'_> {
    fn act<R>(&self, act: impl FnOnce(&mut PersonActions<'_>) -> R) -> R {
        self.shared.world(|world, now| act(&mut world.as_person(now, &self.uid)))
    }

    /// The `uid`.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Posts a text. Answers the `mid`.
    pub fn post(&self, tid: &str, text: &str) -> Result<String, Rejection> {
        self.act(|person| person.post(tid, text))
    }

    /// Posts an attention message: `alert`, `announcement` or `note`. Answers the `mid`.
    pub fn post_alert(&self, tid: &str, text: &str, alert_type: &str) -> Result<String, Rejection> {
        self.act(|person| person.post_alert(tid, text, alert_type))
    }

    /// Posts a `MessageDraft` of the contract, with everything it can have. Answers the `mid`.
    pub fn post_json(&self, tid: &str, message: &Value) -> Result<String, Rejection> {
        self.act(|person| person.post_json(tid, message))
    }

    /// Deletes a message of one's own.
    pub fn delete(&self, tid: &str, mid: &str) -> Result<(), Rejection> {
        self.act(|person| person.delete(tid, mid))
    }

    /// Marks all messages as read.
    pub fn mark_read(&self, tid: &str) -> Result<(), Rejection> {
        self.act(|person| person.mark_read(tid))
    }

    /// Reacts to an attention message, or changes the reaction one has. Answers the `reaction_id`.
    pub fn react(&self, tid: &str, mid: &str, reaction_type: &str) -> Result<String, Rejection> {
        self.act(|person| person.react(tid, mid, reaction_type))
    }

    /// Begins to share one's location for 900, 3600 or 28800 seconds. Answers the `mid` of the message that does so.
    pub fn share(&self, tid: &str, lat: f64, lon: f64, duration: Duration) -> Result<String, Rejection> {
        self.act(|person| person.share(tid, lat, lon, duration))
    }

    /// Shares one's location for any time at all, which the app does not offer.
    pub fn share_for(&self, tid: &str, lat: f64, lon: f64, seconds: u64) -> Result<(), Rejection> {
        self.act(|person| person.share_for(tid, lat, lon, seconds))
    }

    /// Moves all one's shares. Answers the chats they are in.
    pub fn move_to(&self, lat: f64, lon: f64) -> Vec<String> {
        self.act(|person| person.move_to(lat, lon))
    }

    /// Ends one's share in this chat, if there is one.
    pub fn stop_sharing(&self, tid: &str) -> Result<(), Rejection> {
        self.act(|person| person.stop_sharing(tid))
    }

    /// Makes a group chat with these users, and administers it. Answers the `tid`.
    pub fn create_chat(&self, title: &str, users: &[&str]) -> Result<String, Rejection> {
        self.act(|person| person.create_chat(title, users))
    }

    /// The 1:1 chat with this user, which is made if there is none. Answers the `tid`.
    pub fn one_to_one(&self, recipient: &str) -> Result<String, Rejection> {
        self.act(|person| person.one_to_one(recipient))
    }

    /// Adds users to a chat that one administers.
    pub fn add_users(&self, tid: &str, users: &[&str]) -> Result<(), Rejection> {
        self.act(|person| person.add_users(tid, users))
    }

    /// Adds groups to a chat that one administers.
    pub fn add_groups(&self, tid: &str, groups: &[&str]) -> Result<(), Rejection> {
        self.act(|person| person.add_groups(tid, groups))
    }

    /// Removes users from a chat that one administers.
    pub fn remove_users(&self, tid: &str, users: &[&str]) -> Result<(), Rejection> {
        self.act(|person| person.remove_users(tid, users))
    }

    /// Makes a member an admin of a chat that one administers.
    pub fn add_admin(&self, tid: &str, uid: &str) -> Result<(), Rejection> {
        self.act(|person| person.add_admin(tid, uid))
    }

    /// Takes the rights of an admin from a member again.
    pub fn remove_admin(&self, tid: &str, uid: &str) -> Result<(), Rejection> {
        self.act(|person| person.remove_admin(tid, uid))
    }

    /// Leaves a chat.
    pub fn leave(&self, tid: &str) -> Result<(), Rejection> {
        self.act(|person| person.leave(tid))
    }

    /// Closes a chat that one administers.
    pub fn close(&self, tid: &str) -> Result<(), Rejection> {
        self.act(|person| person.close(tid))
    }

    /// Opens a chat again that one administers.
    pub fn reopen(&self, tid: &str) -> Result<(), Rejection> {
        self.act(|person| person.reopen(tid))
    }

    /// Lets only admins post in a chat that one administers, or everybody again.
    pub fn allow_sending(&self, tid: &str, allowed: bool) -> Result<(), Rejection> {
        self.act(|person| person.allow_sending(tid, allowed))
    }

    /// Gives a chat that one administers another title.
    pub fn rename(&self, tid: &str, title: &str) -> Result<(), Rejection> {
        self.act(|person| person.rename(tid, title))
    }

    /// Uploads a file, to be shown in a message by [`post_json`](Self::post_json). Answers the asset's id.
    pub fn upload(&self, file_name: &str, media_type: &str, bytes: &[u8]) -> String {
        self.act(|person| person.upload(file_name, media_type, bytes))
    }
}

impl fmt::Debug for Person<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("uid", &self.uid).finish_non_exhaustive()
    }
}
