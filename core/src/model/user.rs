use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::UserId;
use crate::escaped::Escaped;

/// A user of the organisation: a person or a bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The user's id.
    pub uid: UserId,
    /// The first name; may be empty.
    pub first_name: String,
    /// The last name; may be empty.
    pub last_name: String,
    /// The organisation the user belongs to; may be empty.
    #[serde(default)]
    pub organisation: String,
    /// `true` if the user is a bot.
    #[serde(default)]
    pub is_bot: bool,
}

impl User {
    /// Creates a user who is not a bot, without an organisation. The other fields can be set.
    ///
    /// ```
    /// use teamwire_core::User;
    ///
    /// let mut anna = User::new("u-anna", "Anna", "Berg");
    /// anna.organisation = "Example Org".into();
    /// assert_eq!(anna.to_string(), "Anna Berg");
    /// ```
    pub fn new(uid: impl Into<UserId>, first_name: impl Into<String>, last_name: impl Into<String>) -> Self {
        Self {
            uid: uid.into(),
            first_name: first_name.into(),
            last_name: last_name.into(),
            organisation: String::new(),
            is_bot: false,
        }
    }

    /// Returns the first and the last name, separated by a space, as clients show it.
    pub fn full_name(&self) -> String {
        [self.first_name.as_str(), self.last_name.as_str()].join(" ").trim().into()
    }
}

/// Shows the [full name](User::full_name), or the id if it is empty. Control characters are escaped.
impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.full_name();
        if name.is_empty() { write!(f, "{}", self.uid) } else { write!(f, "{}", Escaped(name)) }
    }
}
