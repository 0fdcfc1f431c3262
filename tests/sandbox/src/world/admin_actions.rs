//! Actions of the organisation's admin.

use super::{
    now::Now,
    organisation::org,
    state::{World, bots::BotKey, directory::User, org_settings::OrgSettings},
};

/// The actions of the organisation's admin.
impl World {
    /// The organisation's settings, which can be changed in place.
    pub fn org_settings(&mut self) -> &mut OrgSettings {
        self.revision += 1;
        &mut self.org_settings
    }

    /// Creates another bot. It sees the same users as [`org::BOT`] and is not a member of any chat.
    pub fn create_bot(&mut self, first_name: &str) -> BotKey {
        self.revision += 1;
        let uid = self.ids.next_with_prefix("u-bot-", 8);
        self.directory.users.insert(uid.clone(), User::new(first_name, "Bot", org::NAME, true));
        self.issue_key(uid)
    }

    /// Replaces the credentials of [`org::BOT`]. The App ID is not empty and has no colon.
    pub fn set_bot_key(&mut self, app_id: &str, secret: &str) {
        self.revision += 1;
        let key = &mut self.bots[0].key;
        (key.app_id, key.secret) = (app_id.to_owned(), secret.to_owned());
    }

    /// Revokes a key (all its requests fail with 401, including pending polls) or restores it. Returns false if the App
    /// ID is unknown.
    pub fn set_key_revoked(&mut self, app_id: &str, revoked: bool) -> bool {
        self.revision += 1;
        let bot = self.bots.iter_mut().find(|bot| bot.key.app_id == app_id);
        bot.map(|bot| bot.revoked = revoked).is_some()
    }

    /// Expires all leases: 409 `lease_expired`, also for pending polls.
    pub fn expire_leases(&mut self, now: Now) {
        self.revision += 1;
        self.subscriptions.expire_all(now.elapsed);
    }

    /// Removes all updates, which expires all cursors of feeds: 410 `cursor_expired`.
    pub fn expire_cursors(&mut self) {
        self.revision += 1;
        self.log.remove_all();
    }

    /// Begins a new epoch, like a server that was replaced or restored from a backup. All earlier cursors of lists and
    /// feeds are 410 `cursor_expired`.
    pub fn begin_epoch(&mut self, epoch: u64) {
        self.revision += 1;
        self.cursors.begin_epoch(epoch);
    }

    /// Deletes all subscriptions: 410 `unsubscribed`, also for pending polls.
    pub fn unsubscribe_all(&mut self, now: Now) {
        self.revision += 1;
        self.subscriptions.delete_all(now.elapsed);
    }

    /// Deletes a user. Returns false if the user is unknown.
    pub fn delete_user(&mut self, now: Now, uid: &str) -> bool {
        self.changing_all(now, |world| {
            let Some(user) = world.directory.users.get_mut(uid) else { return false };
            user.is_active = false;
            world.revision += 1;
            world.remove_non_members(now);
            true
        })
    }

    /// Adds a user to a group or removes it, and thereby to or from the chats of the group. Returns false if the group
    /// or the user is unknown.
    pub fn set_group_member(&mut self, now: Now, gid: &str, uid: &str, is_member: bool) -> bool {
        self.changing_all(now, |world| {
            let known = world.directory.users.contains_key(uid);
            let Some(group) = world.directory.groups.get_mut(gid).filter(|_| known) else { return false };
            world.revision += 1;
            if is_member {
                group.members.insert(uid.to_owned());
            } else {
                group.members.remove(uid);
            }
            world.remove_non_members(now);
            true
        })
    }

    /// Removes the admin rights and location shares of users who are no longer members, in all chats.
    fn remove_non_members(&mut self, now: Now) {
        let tids: Vec<_> = self.chats.keys().cloned().collect();
        for tid in tids {
            if let Some(chat) = self.chats.get_mut(&tid) {
                chat.roster.remove_admins_who_left(&self.directory);
            }
            self.end_shares_of_non_members(now, &tid);
        }
    }

    /// Makes a user visible or invisible to bots. Returns false if the user is unknown.
    pub fn set_user_visible(&mut self, uid: &str, visible: bool) -> bool {
        self.revision += 1;
        self.directory.users.get_mut(uid).map(|user| user.is_visible = visible).is_some()
    }
}
