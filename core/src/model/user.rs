use alloc::string::String;

use super::UserId;

/// A person, or a bot, in the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The user's id.
    pub uid: UserId,
    /// First name; may be empty.
    pub first_name: String,
    /// Last name; may be empty.
    pub last_name: String,
    /// The organisation the user belongs to; may be empty.
    pub organisation: String,
    /// Whether it is a bot.
    pub is_bot: bool,
}

impl User {
    /// First and last name with a space between, as clients show it.
    pub fn full_name(&self) -> String {
        [self.first_name.as_str(), self.last_name.as_str()].join(" ").trim().into()
    }
}
