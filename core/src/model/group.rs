use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{GroupId, User};

/// A named set of users that can be a member of chats as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Group {
    /// The group's id.
    pub gid: GroupId,
    /// The name.
    pub title: String,
    /// The members.
    #[serde(default)]
    pub members: Vec<User>,
    /// The owner, if known.
    pub owner: Option<User>,
    /// `true` if it is a circle: created by an admin of the organisation.
    #[serde(default)]
    pub is_circle: bool,
    /// `true` if it is a list: created by a user.
    #[serde(default)]
    pub is_list: bool,
    /// `true` if all users of the organisation can see it.
    #[serde(default)]
    pub is_public: bool,
}

impl Group {
    /// Creates a group without members and owner. The other fields can be set.
    ///
    /// ```
    /// use teamwire_core::{Group, User};
    ///
    /// let mut night_shift = Group::new("g-night-shift", "Night shift");
    /// night_shift.members = vec![User::new("u-anna", "Anna", "Berg")];
    /// night_shift.is_circle = true;
    /// ```
    pub fn new(gid: impl Into<GroupId>, title: impl Into<String>) -> Self {
        Self {
            gid: gid.into(),
            title: title.into(),
            members: Vec::new(),
            owner: None,
            is_circle: false,
            is_list: false,
            is_public: false,
        }
    }
}
