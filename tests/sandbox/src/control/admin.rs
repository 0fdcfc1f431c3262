//! Settings and actions of the organisation's admin.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

use crate::{
    server::Shared,
    world::{BotKey, OrgSettings, RateLimit, World},
};

/// The organisation's admin, returned by [`Sandbox::admin`](crate::Sandbox::admin).
pub struct Admin<'s> {
    pub(crate) shared: &'s Shared,
    pub(crate) key: &'s BotKey,
}

impl Admin<'_> {
    fn change(&self, set: impl FnOnce(&mut OrgSettings)) {
        self.shared.world(|world, _| set(world.org_settings()));
    }

    /// Allows adding and removing members. Otherwise: 403 `update_members_not_allowed`.
    pub fn allow_member_updates(&self, allowed: bool) {
        self.change(|settings| settings.member_updates = allowed);
    }

    /// Allows leaving chats. Otherwise: 403 `leave_chat_not_allowed`.
    pub fn allow_leaving(&self, allowed: bool) {
        self.change(|settings| settings.leaving = allowed);
    }

    /// Allows closing chats. Otherwise: 403 `close_chat_not_allowed`.
    pub fn allow_closing(&self, allowed: bool) {
        self.change(|settings| settings.closing = allowed);
    }

    /// Enables read receipts. Otherwise: 403 `read_receipts_disabled`.
    pub fn allow_read_receipts(&self, allowed: bool) {
        self.change(|settings| settings.read_receipts = allowed);
    }

    /// Allows removing avatars. Otherwise: 403 `image_remove`.
    pub fn allow_avatar_removal(&self, allowed: bool) {
        self.change(|settings| settings.avatar_removal = allowed);
    }

    /// Allows bots to mark chats as read. Otherwise: 403 `auth`.
    pub fn allow_bot_read_marks(&self, allowed: bool) {
        self.change(|settings| settings.bot_read_marks = allowed);
    }

    /// Allows bots to send, change and read reactions. Otherwise: 403 `auth`.
    pub fn allow_bot_reactions(&self, allowed: bool) {
        self.change(|settings| settings.bot_reactions = allowed);
    }

    /// Limits the request rate of each key; `None` removes the limit.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        self.shared.world(|world, _| world.set_rate_limit(limit));
    }

    /// Revokes the sandbox's own key: all its requests fail with 401, including pending polls.
    pub fn revoke_key(&self) {
        self.set_key_revoked(&self.key.app_id, true);
    }

    /// Restores the sandbox's own key.
    pub fn restore_key(&self) {
        self.set_key_revoked(&self.key.app_id, false);
    }

    /// Revokes or restores any key. Returns false if the App ID is unknown.
    pub fn set_key_revoked(&self, app_id: &str, revoked: bool) -> bool {
        self.shared.world(|world, _| world.set_key_revoked(app_id, revoked))
    }

    /// Creates another bot, which is not a member of any chat.
    pub fn create_bot(&self, first_name: &str) -> BotKey {
        self.shared.world(|world, _| world.create_bot(first_name))
    }

    /// Expires the leases of all subscriptions: 409 `lease_expired`, also for pending polls.
    pub fn expire_leases(&self) {
        self.shared.world(World::expire_leases);
    }

    /// Expires all cursors of feeds: 410 `cursor_expired`, also for pending polls.
    pub fn expire_cursors(&self) {
        self.shared.world(|world, _| world.expire_cursors());
    }

    /// Begins a new epoch, like a server that was replaced or restored from a backup: all earlier cursors of lists and
    /// feeds are 410 `cursor_expired`, also for pending polls.
    pub fn begin_epoch(&self) {
        self.shared.world(|world, _| world.begin_epoch(random_epoch()));
    }

    /// Replaces the world by a new one, as after a start: all chats, messages, files and other bots are gone, faults
    /// and an outage end, the clock runs, and the transcript is empty. The key of the sandbox stays.
    pub fn reset(&self, seed: u64) {
        let files = self.shared.world(|world, _| world.reset(seed, random_epoch()));
        // A world that was not replaced on disk still has its files.
        for file in files.into_iter().filter(|_| self.shared.data_error().is_none()) {
            // A file that cannot be deleted is only not needed.
            let _ = std::fs::remove_file(self.shared.folder.join(file));
        }
        self.shared.rules.clear();
        self.shared.set_down(false);
        self.shared.clock.resume();
        self.shared.observed.clear_transcript();
        if let Some(requests) = &self.shared.requests {
            requests.clear();
        }
        self.shared.wake();
    }

    /// Deletes all subscriptions: 410 `unsubscribed`, also for pending polls.
    pub fn unsubscribe_all(&self) {
        self.shared.world(World::unsubscribe_all);
    }

    /// Deletes a user. Returns false if the user is unknown.
    pub fn delete_user(&self, uid: &str) -> bool {
        self.shared.world(|world, now| world.delete_user(now, uid))
    }

    /// Adds a user to a group or removes it. Returns false if the group or the user is unknown.
    pub fn set_group_member(&self, gid: &str, uid: &str, is_member: bool) -> bool {
        self.shared.world(|world, now| world.set_group_member(now, gid, uid, is_member))
    }

    /// Makes a user visible or invisible to bots. Returns false if the user is unknown.
    pub fn set_user_visible(&self, uid: &str, visible: bool) -> bool {
        self.shared.world(|world, _| world.set_user_visible(uid, visible))
    }
}

/// Returns an epoch number that differs from those of other sandboxes.
pub(crate) fn random_epoch() -> u64 {
    RandomState::new().hash_one("epoch")
}

impl fmt::Debug for Admin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
