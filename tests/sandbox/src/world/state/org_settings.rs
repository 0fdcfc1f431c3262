//! The organisation's settings.

/// The organisation's settings, for all chats. Everything is allowed initially.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrgSettings {
    /// Adding and removing members. Disabled: 403 `update_members_not_allowed`.
    pub member_updates: bool,
    /// Leaving chats. Disabled: 403 `leave_chat_not_allowed`.
    pub leaving: bool,
    /// Closing chats. Disabled: 403 `close_chat_not_allowed`.
    pub closing: bool,
    /// Read receipts. Disabled: 403 `read_receipts_disabled`.
    pub read_receipts: bool,
    /// Removing avatars. Disabled: 403 `image_remove`.
    pub avatar_removal: bool,
    /// Marking chats as read, for bots. Disabled: 403 `auth`.
    pub bot_read_marks: bool,
    /// Sending, changing and reading reactions, for bots. Disabled: 403 `auth`.
    pub bot_reactions: bool,
}

impl Default for OrgSettings {
    fn default() -> Self {
        Self {
            member_updates: true,
            leaving: true,
            closing: true,
            read_receipts: true,
            avatar_removal: true,
            bot_read_marks: true,
            bot_reactions: true,
        }
    }
}
