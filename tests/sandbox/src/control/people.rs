//! Actions of people, directed by a test.

use std::{fmt, time::Duration};

use serde_json::Value;

use crate::{
    server::Shared,
    world::{PersonActions, Rejection},
};

/// A user of the organisation, returned by [`Sandbox::as_person`](crate::Sandbox::as_person).
///
/// Actions take effect immediately, by the same rules as for bots, and wake pending polls.
pub struct Person<'s> {
    pub(crate) shared: &'s Shared,
    pub(crate) uid: String,
}

impl Person<'_> {
    fn act<R>(&self, act: impl FnOnce(&mut PersonActions<'_>) -> R) -> R {
        self.shared.world(|world, now| act(&mut world.as_person(now, &self.uid)))
    }

    /// The user's `uid`.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Posts a text message and returns its `mid`.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::post`].
    pub fn post(&self, tid: &str, text: &str) -> Result<String, Rejection> {
        self.act(|person| person.post(tid, text))
    }

    /// Posts an attention message of type `alert`, `announcement` or `note` and returns its `mid`.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::post_alert`].
    pub fn post_alert(&self, tid: &str, text: &str, alert_type: &str) -> Result<String, Rejection> {
        self.act(|person| person.post_alert(tid, text, alert_type))
    }

    /// Posts a `MessageDraft` of the contract and returns its `mid`.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::post_json`].
    pub fn post_json(&self, tid: &str, message: &Value) -> Result<String, Rejection> {
        self.act(|person| person.post_json(tid, message))
    }

    /// Deletes one of the user's own messages.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::delete`].
    pub fn delete(&self, tid: &str, mid: &str) -> Result<(), Rejection> {
        self.act(|person| person.delete(tid, mid))
    }

    /// Marks all messages of a chat as read.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::mark_read`].
    pub fn mark_read(&self, tid: &str) -> Result<(), Rejection> {
        self.act(|person| person.mark_read(tid))
    }

    /// Reacts to an attention message, or changes the user's reaction, and returns the `reaction_id`.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::react`].
    pub fn react(&self, tid: &str, mid: &str, reaction_type: &str) -> Result<String, Rejection> {
        self.act(|person| person.react(tid, mid, reaction_type))
    }

    /// Starts to share the user's location for 900, 3600 or 28800 seconds and returns the `mid` of the message that
    /// starts it.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::share`].
    pub fn share(&self, tid: &str, lat: f64, lon: f64, duration: Duration) -> Result<String, Rejection> {
        self.act(|person| person.share(tid, lat, lon, duration))
    }

    /// Starts to share the user's location for any number of seconds, which the contract does not offer.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::share_for`].
    pub fn share_for(&self, tid: &str, lat: f64, lon: f64, seconds: u64) -> Result<(), Rejection> {
        self.act(|person| person.share_for(tid, lat, lon, seconds))
    }

    /// Moves all of the user's location shares and returns the chats they are in.
    pub fn move_to(&self, lat: f64, lon: f64) -> Vec<String> {
        self.act(|person| person.move_to(lat, lon))
    }

    /// Ends the user's location share in a chat, if there is one.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::stop_sharing`].
    pub fn stop_sharing(&self, tid: &str) -> Result<(), Rejection> {
        self.act(|person| person.stop_sharing(tid))
    }

    /// Creates a group chat with these users, with this user as admin, and returns its `tid`.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::create_chat`].
    pub fn create_chat(&self, title: &str, users: &[&str]) -> Result<String, Rejection> {
        self.act(|person| person.create_chat(title, users))
    }

    /// Returns the `tid` of the 1:1 chat with a user, creating the chat if necessary.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::one_to_one`].
    pub fn one_to_one(&self, recipient: &str) -> Result<String, Rejection> {
        self.act(|person| person.one_to_one(recipient))
    }

    /// Adds users to a chat.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::add_users`].
    pub fn add_users(&self, tid: &str, users: &[&str]) -> Result<(), Rejection> {
        self.act(|person| person.add_users(tid, users))
    }

    /// Adds groups to a chat.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::add_groups`].
    pub fn add_groups(&self, tid: &str, groups: &[&str]) -> Result<(), Rejection> {
        self.act(|person| person.add_groups(tid, groups))
    }

    /// Removes users from a chat.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::remove_users`].
    pub fn remove_users(&self, tid: &str, users: &[&str]) -> Result<(), Rejection> {
        self.act(|person| person.remove_users(tid, users))
    }

    /// Makes a member an admin of a chat.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::add_admin`].
    pub fn add_admin(&self, tid: &str, uid: &str) -> Result<(), Rejection> {
        self.act(|person| person.add_admin(tid, uid))
    }

    /// Removes an admin of a chat, who stays a member.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::remove_admin`].
    pub fn remove_admin(&self, tid: &str, uid: &str) -> Result<(), Rejection> {
        self.act(|person| person.remove_admin(tid, uid))
    }

    /// Leaves a chat.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::leave`].
    pub fn leave(&self, tid: &str) -> Result<(), Rejection> {
        self.act(|person| person.leave(tid))
    }

    /// Closes a chat.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::close`].
    pub fn close(&self, tid: &str) -> Result<(), Rejection> {
        self.act(|person| person.close(tid))
    }

    /// Reopens a closed chat.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::reopen`].
    pub fn reopen(&self, tid: &str) -> Result<(), Rejection> {
        self.act(|person| person.reopen(tid))
    }

    /// Allows all members to post in a chat, or only its admins.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::allow_sending`].
    pub fn allow_sending(&self, tid: &str, allowed: bool) -> Result<(), Rejection> {
        self.act(|person| person.allow_sending(tid, allowed))
    }

    /// Changes the title of a chat.
    ///
    /// # Errors
    ///
    /// Fails like [`PersonActions::rename`].
    pub fn rename(&self, tid: &str, title: &str) -> Result<(), Rejection> {
        self.act(|person| person.rename(tid, title))
    }

    /// Uploads a file for use in [`post_json`](Self::post_json) and returns the asset's id.
    pub fn upload(&self, file_name: &str, media_type: &str, bytes: &[u8]) -> String {
        self.act(|person| person.upload(file_name, media_type, bytes))
    }
}

impl fmt::Debug for Person<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("uid", &self.uid).finish_non_exhaustive()
    }
}
