use alloc::string::String;

use super::UserId;

/// A user of the organisation: a person or a bot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The user's id.
    pub uid: UserId,
    /// The first name; may be empty.
    pub first_name: String,
    /// The last name; may be empty.
    pub last_name: String,
    /// The organisation the user belongs to; may be empty.
    pub organisation: String,
    /// `true` if the user is a bot.
    pub is_bot: bool,
}

impl User {
    /// Returns the first and the last name, separated by a space, as clients show it.
    pub fn full_name(&self) -> String {
        [self.first_name.as_str(), self.last_name.as_str()].join(" ").trim().into()
    }
}
