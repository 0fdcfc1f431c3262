use alloc::{string::String, vec::Vec};

use super::{GroupId, User};

/// A named set of users that can be a member of chats as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// The group's id.
    pub gid: GroupId,
    /// The name.
    pub title: String,
    /// The members.
    pub members: Vec<User>,
    /// The owner, if known.
    pub owner: Option<User>,
    /// `true` if it is a circle: created by an admin of the organisation.
    pub is_circle: bool,
    /// `true` if it is a list: created by a user.
    pub is_list: bool,
    /// `true` if all users of the organisation can see it.
    pub is_public: bool,
}
