use alloc::{string::String, vec::Vec};

use super::{GroupId, User};

/// A named set of users that can be a member of chats as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// The group's id.
    pub gid: GroupId,
    /// Its name.
    pub title: String,
    /// Its members.
    pub members: Vec<User>,
    /// Who made it, if that is known.
    pub owner: Option<User>,
    /// Whether an admin of the organisation made it: a circle.
    pub is_circle: bool,
    /// Whether a user made it: a list.
    pub is_list: bool,
    /// Whether everybody in the organisation can see it.
    pub is_public: bool,
}
