use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    GroupId, Image, NewAttachment, User, UserId,
    saved::{key, yes},
};

/// A group chat to be created. With the default protocol, it has up to 1,000 users, groups and administrators each, and
/// a first message with the limits of a [`Draft`](crate::Draft).
///
/// ```
/// use teamwire_core::NewChat;
///
/// let chat = NewChat::titled("Operations").user("u-anna").group("g-night-shift").admin("u-anna").message("Welcome");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "it does nothing until the chat is created"]
pub struct NewChat {
    /// The title.
    pub title: String,
    /// The users who become members, in addition to the bot.
    #[serde(default)]
    pub users: Vec<UserId>,
    /// The groups that become members.
    #[serde(default)]
    pub groups: Vec<GroupId>,
    /// The administrators, in addition to the bot.
    #[serde(default)]
    pub admins: Vec<UserId>,
    /// The text of the first message.
    pub message: Option<String>,
    /// The attachments of the first message.
    #[serde(default)]
    pub attachments: Vec<NewAttachment>,
    /// The avatar.
    pub avatar: Option<Image>,
    /// `true` for an alert chat.
    #[serde(default)]
    pub is_alert: bool,
    /// `true` if members other than the administrators may send messages.
    #[serde(default = "yes")]
    pub allow_sending: bool,
    /// `true` if members may mute notifications.
    #[serde(default = "yes")]
    pub allow_mute_notifications: bool,
    /// The caller's idempotency key. Without one, each call has a key of its own.
    #[serde(serialize_with = "key::serialize")]
    pub idempotency_key: Option<String>,
}

impl NewChat {
    /// Creates a chat with this title and the bot as its only member, in which all members may send messages and mute
    /// notifications. With the default protocol, a title has up to 256 characters.
    #[doc(alias = "title")]
    pub fn titled(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            users: Vec::new(),
            groups: Vec::new(),
            admins: Vec::new(),
            message: None,
            attachments: Vec::new(),
            avatar: None,
            is_alert: false,
            allow_sending: true,
            allow_mute_notifications: true,
            idempotency_key: None,
        }
    }

    /// Adds a user as a member.
    pub fn user(self, user: impl Into<UserId>) -> Self {
        self.users([user])
    }

    /// Adds users as members.
    pub fn users<U: Into<UserId>>(mut self, users: impl IntoIterator<Item = U>) -> Self {
        self.users.extend(users.into_iter().map(Into::into));
        self
    }

    /// Adds a group as a member.
    pub fn group(self, group: impl Into<GroupId>) -> Self {
        self.groups([group])
    }

    /// Adds groups as members.
    pub fn groups<G: Into<GroupId>>(mut self, groups: impl IntoIterator<Item = G>) -> Self {
        self.groups.extend(groups.into_iter().map(Into::into));
        self
    }

    /// Adds a user as an administrator, in addition to the bot.
    pub fn admin(self, admin: impl Into<UserId>) -> Self {
        self.admins([admin])
    }

    /// Adds users as administrators, in addition to the bot.
    pub fn admins<U: Into<UserId>>(mut self, admins: impl IntoIterator<Item = U>) -> Self {
        self.admins.extend(admins.into_iter().map(Into::into));
        self
    }

    /// Sets the text of the first message.
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.message = Some(text.into());
        self
    }

    /// Adds an attachment to the first message. Can be called several times.
    #[doc(alias = "attachment")]
    pub fn attach(mut self, attachment: impl Into<NewAttachment>) -> Self {
        self.attachments.push(attachment.into());
        self
    }

    /// Sets the avatar: a JPEG, with the default protocol of at most 600x600 pixels and 5 MiB. A string is taken as a
    /// path.
    pub fn avatar(mut self, image: impl Into<Image>) -> Self {
        self.avatar = Some(image.into());
        self
    }

    /// Sets whether it is an alert chat. Default: `false`.
    pub fn alert_chat(mut self, is_alert: bool) -> Self {
        self.is_alert = is_alert;
        self
    }

    /// Sets whether members other than the administrators may send messages. Default: `true`.
    pub fn allow_sending(mut self, allow: bool) -> Self {
        self.allow_sending = allow;
        self
    }

    /// Sets whether members may mute notifications. Default: `true`.
    pub fn allow_mute_notifications(mut self, allow: bool) -> Self {
        self.allow_mute_notifications = allow;
        self
    }

    /// Sets the idempotency key: see [`Draft::idempotency_key`](crate::Draft::idempotency_key).
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

/// A 1:1 chat to be created, or found if it exists. A user alone is accepted too:
/// `chats.create_one_to_one_chat(&user)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "it does nothing until the chat is created"]
pub struct NewOneToOne {
    /// The other user.
    pub recipient: UserId,
    /// The text of a message to post in the chat.
    pub message: Option<String>,
    /// The attachments of that message.
    #[serde(default)]
    pub attachments: Vec<NewAttachment>,
    /// The caller's idempotency key. Without one, each call has a key of its own.
    #[serde(serialize_with = "key::serialize")]
    pub idempotency_key: Option<String>,
}

impl NewOneToOne {
    /// Creates a 1:1 chat with this user.
    #[doc(alias = "recipient")]
    pub fn new(recipient: impl Into<UserId>) -> Self {
        Self { recipient: recipient.into(), message: None, attachments: Vec::new(), idempotency_key: None }
    }

    /// Sets the text of a message to post in the chat.
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.message = Some(text.into());
        self
    }

    /// Adds an attachment to that message. Can be called several times.
    #[doc(alias = "attachment")]
    pub fn attach(mut self, attachment: impl Into<NewAttachment>) -> Self {
        self.attachments.push(attachment.into());
        self
    }

    /// Sets the idempotency key: see [`Draft::idempotency_key`](crate::Draft::idempotency_key).
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

impl From<&User> for NewOneToOne {
    fn from(recipient: &User) -> Self {
        Self::new(recipient)
    }
}

impl From<UserId> for NewOneToOne {
    fn from(recipient: UserId) -> Self {
        Self::new(recipient)
    }
}

impl From<&UserId> for NewOneToOne {
    fn from(recipient: &UserId) -> Self {
        Self::new(recipient)
    }
}

impl From<&str> for NewOneToOne {
    fn from(recipient: &str) -> Self {
        Self::new(recipient)
    }
}
