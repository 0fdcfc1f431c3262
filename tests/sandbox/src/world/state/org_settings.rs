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

#[cfg(feature = "server")]
impl OrgSettings {
    /// The switches by their names.
    pub(crate) fn switches(&mut self) -> [(&'static str, &mut bool); 7] {
        [
            ("member_updates", &mut self.member_updates),
            ("leaving", &mut self.leaving),
            ("closing", &mut self.closing),
            ("read_receipts", &mut self.read_receipts),
            ("avatar_removal", &mut self.avatar_removal),
            ("bot_read_marks", &mut self.bot_read_marks),
            ("bot_reactions", &mut self.bot_reactions),
        ]
    }
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
