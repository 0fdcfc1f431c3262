//! The members and admins of a chat.

use std::collections::BTreeSet;

use super::directory::Directory;

/// Direct members, member groups and admins of a chat.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Roster {
    /// Direct members, in order of joining.
    pub(crate) users: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) admins: Vec<String>,
}

impl Roster {
    pub(crate) fn contains_by_group(&self, directory: &Directory, uid: &str) -> bool {
        self.groups.iter().any(|gid| directory.is_in_group(gid, uid))
    }

    /// Returns true if this user is a member, directly or through a group. Deleted users are never members.
    pub(crate) fn contains(&self, directory: &Directory, uid: &str) -> bool {
        let by_name = self.users.iter().any(|it| it == uid);
        directory.is_active(uid) && (by_name || self.contains_by_group(directory, uid))
    }

    /// All members without duplicates, ordered by `uid`.
    pub(crate) fn members<'c>(&'c self, directory: &'c Directory) -> BTreeSet<&'c String> {
        let by_group = self.groups.iter().filter_map(|gid| directory.groups.get(gid)).flat_map(|group| &group.members);
        self.users.iter().chain(by_group).filter(|uid| directory.is_active(uid)).collect()
    }

    pub(crate) fn add(&mut self, users: Vec<String>, groups: Vec<String>) {
        for uid in users {
            if !self.users.contains(&uid) {
                self.users.push(uid);
            }
        }
        for gid in groups {
            if !self.groups.contains(&gid) {
                self.groups.push(gid);
            }
        }
    }

    /// Removes the admin rights of users who are no longer members.
    pub(crate) fn remove_admins_who_left(&mut self, directory: &Directory) {
        let mut admins = std::mem::take(&mut self.admins);
        admins.retain(|uid| self.contains(directory, uid));
        self.admins = admins;
    }
}
