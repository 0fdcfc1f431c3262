//! Actions of the organisation's admin.

use super::{
    now::Now,
    organisation::org,
    state::{World, bots::BotKey, directory::User, org_settings::OrgSettings},
};

/// The organisation's admin at work.
impl World {
    /// What is allowed now, to be changed in place.
    pub fn org_settings(&mut self) -> &mut OrgSettings {
        &mut self.org_settings
    }

    /// Makes a further bot, that sees what [`org::BOT`](super::org::BOT) sees and is a member of nothing.
    pub fn create_bot(&mut self, first_name: &str) -> BotKey {
        let uid = self.ids.next_with_prefix("u-bot-", 8);
        self.directory.users.insert(uid.clone(), User::new(first_name, "Bot", org::NAME, true));
        self.issue_key(uid)
    }

    /// Revokes a key (401 from now on, also for polls that wait) or makes it good again. False: there is no such key.
    pub fn set_key_revoked(&mut self, app_id: &str, revoked: bool) -> bool {
        self.revision += 1;
        let bot = self.bots.iter_mut().find(|bot| bot.key.app_id == app_id);
        bot.map(|bot| bot.revoked = revoked).is_some()
    }

    /// Lets every lease run out: 409 `lease_expired`, also for polls that wait.
    pub fn expire_leases(&mut self, now: Now) {
        self.revision += 1;
        self.subscriptions.expire_all(now.elapsed);
    }

    /// Forgets all updates: every cursor that a feed has given is too old, 410 `cursor_expired`.
    pub fn expire_cursors(&mut self) {
        self.revision += 1;
        self.log.remove_all();
    }

    /// Begins a new epoch, as a server does that was replaced or restored from a backup: no cursor of a list or feed
    /// that was given so far is known any more, 410 `cursor_expired`.
    pub fn begin_epoch(&mut self, epoch: u64) {
        self.revision += 1;
        self.cursors.begin_epoch(epoch);
    }

    /// Deletes every subscription: 410 `unsubscribed`, also for polls that wait.
    pub fn unsubscribe_all(&mut self, now: Now) {
        self.revision += 1;
        self.subscriptions.delete_all(now.elapsed);
    }

    /// Deletes a user, as when somebody leaves the organisation. False: there is no such user.
    pub fn delete_user(&mut self, now: Now, uid: &str) -> bool {
        let Some(user) = self.directory.users.get_mut(uid) else { return false };
        user.is_active = false;
        self.revision += 1;
        self.remove_non_members(now);
        true
    }

    /// Puts a user into a group, or takes it out; chats of the group gain or lose a member. False: there is no such
    /// group or user.
    pub fn set_group_member(&mut self, now: Now, gid: &str, uid: &str, is_member: bool) -> bool {
        let known = self.directory.users.contains_key(uid);
        let Some(group) = self.directory.groups.get_mut(gid).filter(|_| known) else { return false };
        self.revision += 1;
        if is_member {
            group.members.insert(uid.to_owned());
        } else {
            group.members.remove(uid);
        }
        self.remove_non_members(now);
        true
    }

    /// BodyKind rights and shares from those who are no members any more, in all chats.
    fn remove_non_members(&mut self, now: Now) {
        let tids: Vec<_> = self.chats.keys().cloned().collect();
        for tid in tids {
            if let Some(chat) = self.chats.get_mut(&tid) {
                chat.roster.remove_admins_who_left(&self.directory);
            }
            self.end_shares_of_non_members(now, &tid);
        }
    }

    /// Shows a user to bots, or hides it from them. False: there is no such user.
    pub fn set_user_visible(&mut self, uid: &str, visible: bool) -> bool {
        self.directory.users.get_mut(uid).map(|user| user.is_visible = visible).is_some()
    }
}
