//! The organisation's admin, for tests.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

use crate::{
    server::Shared,
    world::{BotKey, OrgSettings, RateLimit, World},
};

/// What the organisation's admin decides: [`Sandbox::admin`](crate::Sandbox::admin).
pub struct Admin<'s> {
    pub(crate) shared: &'s Shared,
    pub(crate) key: &'s BotKey,
}

impl Admin<'_> {
    fn change(&self, set: impl FnOnce(&mut OrgSettings)) {
        self.shared.world(|world, _| set(world.org_settings()));
    }

    /// Whether bots and people add and remove members. Off: 403 `update_members_not_allowed`.
    pub fn allow_member_updates(&self, allowed: bool) {
        self.change(|settings| settings.member_updates = allowed);
    }

    /// Whether chats can be left. Off: 403 `leave_chat_not_allowed`.
    pub fn allow_leaving(&self, allowed: bool) {
        self.change(|settings| settings.leaving = allowed);
    }

    /// Whether chats can be closed. Off: 403 `close_chat_not_allowed`.
    pub fn allow_closing(&self, allowed: bool) {
        self.change(|settings| settings.closing = allowed);
    }

    /// Whether there are read receipts. Off: 403 `read_receipts_disabled`.
    pub fn allow_read_receipts(&self, allowed: bool) {
        self.change(|settings| settings.read_receipts = allowed);
    }

    /// Whether avatars can be removed. Off: 403 `image_remove`.
    pub fn allow_avatar_removal(&self, allowed: bool) {
        self.change(|settings| settings.avatar_removal = allowed);
    }

    /// Allows bots to mark chats as read. Off: 403 `auth`.
    pub fn allow_bot_read_marks(&self, allowed: bool) {
        self.change(|settings| settings.bot_read_marks = allowed);
    }

    /// Allows bots to send, change and read reactions. Off: 403 `auth`.
    pub fn allow_bot_reactions(&self, allowed: bool) {
        self.change(|settings| settings.bot_reactions = allowed);
    }

    /// Limits how many requests each key may send; `None`: as many as it likes.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        self.shared.world(|world, _| world.set_rate_limit(limit));
    }

    /// Revokes the sandbox's own key: everything is 401 from now on, polls that wait included.
    pub fn revoke_key(&self) {
        self.set_key_revoked(&self.key.app_id, true);
    }

    /// Makes the sandbox's own key good again.
    pub fn restore_key(&self) {
        self.set_key_revoked(&self.key.app_id, false);
    }

    /// Revokes any key, or makes it good again. False: there is no such App ID.
    pub fn set_key_revoked(&self, app_id: &str, revoked: bool) -> bool {
        self.shared.world(|world, _| world.set_key_revoked(app_id, revoked))
    }

    /// Makes a further bot, a member of nothing as yet.
    pub fn create_bot(&self, first_name: &str) -> BotKey {
        self.shared.world(|world, _| world.create_bot(first_name))
    }

    /// Lets the lease of every subscription run out: 409 `lease_expired`, also for polls that wait.
    pub fn expire_leases(&self) {
        self.shared.world(World::expire_leases);
    }

    /// Makes every cursor that a feed has given too old: 410 `cursor_expired`, also for polls that wait.
    pub fn expire_cursors(&self) {
        self.shared.world(|world, _| world.expire_cursors());
    }

    /// Begins a new epoch, as a server does that was replaced or restored from a backup: every cursor of a list or feed
    /// given so far is 410 `cursor_expired`, also for polls that wait.
    pub fn begin_epoch(&self) {
        self.shared.world(|world, _| world.begin_epoch(random_epoch()));
    }

    /// Deletes every subscription: 410 `unsubscribed`, also for polls that wait.
    pub fn unsubscribe_all(&self) {
        self.shared.world(World::unsubscribe_all);
    }

    /// Deletes a user, as when somebody leaves the organisation. False: there is no such user.
    pub fn delete_user(&self, uid: &str) -> bool {
        self.shared.world(|world, now| world.delete_user(now, uid))
    }

    /// Puts a user into a group, or takes it out. False: there is no such group or user.
    pub fn set_group_member(&self, gid: &str, uid: &str, is_member: bool) -> bool {
        self.shared.world(|world, now| world.set_group_member(now, gid, uid, is_member))
    }

    /// Shows a user to bots, or hides it from them. False: there is no such user.
    pub fn set_user_visible(&self, uid: &str, visible: bool) -> bool {
        self.shared.world(|world, _| world.set_user_visible(uid, visible))
    }
}

/// The number of an epoch that no other sandbox has.
pub(crate) fn random_epoch() -> u64 {
    RandomState::new().hash_one("epoch")
}

impl fmt::Debug for Admin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
