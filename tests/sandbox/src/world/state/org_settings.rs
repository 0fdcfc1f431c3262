//! The settings of the organisation's admin.

/// What the organisation's admin allows, in all chats. Everything, at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrgSettings {
    /// Adding and removing members. Off: 403 `update_members_not_allowed`.
    pub member_updates: bool,
    /// Leaving chats. Off: 403 `leave_chat_not_allowed`.
    pub leaving: bool,
    /// Closing chats. Off: 403 `close_chat_not_allowed`.
    pub closing: bool,
    /// Read receipts. Off: 403 `read_receipts_disabled`.
    pub read_receipts: bool,
    /// Removing avatars. Off: 403 `image_remove`.
    pub avatar_removal: bool,
    /// Bots mark chats as read. Off: 403 `auth`.
    pub bot_read_marks: bool,
    /// Bots send, change and read reactions. Off: 403 `auth`.
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
