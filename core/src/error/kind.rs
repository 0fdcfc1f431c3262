use core::fmt;

/// The kinds of errors: eleven that the Python SDK has too, under its names, and five of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A network error or a timeout.
    #[doc(alias = "TWConnectionError")]
    Connection,
    /// Trouble in the backend, or an error code this version does not know ([`Error::code`] has it).
    #[doc(alias = "TWServerError")]
    Server,
    /// The bot is not allowed to do this, or its credentials are unknown or revoked.
    #[doc(alias = "TWAuthError")]
    Auth,
    /// There is no such chat, message or user; or none that the bot can see.
    #[doc(alias = "TWNotFoundError")]
    NotFound,
    /// Users or groups named as members do not exist or cannot be members: see [`ApiError::invalid_members`].
    #[doc(alias = "TWInvalidMembersError")]
    InvalidMembers,
    /// The organisation's admin has disallowed changes of members.
    #[doc(alias = "TWUpdateMembersNotAllowed")]
    UpdateMembersNotAllowed,
    /// The organisation's admin has disallowed leaving chats.
    #[doc(alias = "TWLeaveChatNotAllowed")]
    LeaveChatNotAllowed,
    /// The organisation's admin has disallowed closing chats.
    #[doc(alias = "TWCloseChatNotAllowed")]
    CloseChatNotAllowed,
    /// The organisation's admin has disabled read receipts.
    #[doc(alias = "TWReadReceiptsDisabled")]
    ReadReceiptsDisabled,
    /// An image cannot be loaded: none is set, or the one given is not fit.
    #[doc(alias = "TWImageLoadError")]
    ImageLoad,
    /// An image cannot be removed.
    #[doc(alias = "TWImageRemoveError")]
    ImageRemove,
    /// Ours: too many requests; [`Error::retry_after`] says how long to wait.
    RateLimited,
    /// Ours: an argument or a setting was refused before anything was sent.
    InvalidInput,
    /// Ours: an answer that is not what the wire contract promises.
    UnexpectedResponse,
    /// Ours: a file cannot be read or written, or changed while it was being sent.
    File,
    /// Ours: a machine was asked for more after its end.
    Finished,
}

impl ErrorKind {
    /// The kind in lower case with underscores: `not_found`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Server => "server",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::InvalidMembers => "invalid_members",
            Self::UpdateMembersNotAllowed => "update_members_not_allowed",
            Self::LeaveChatNotAllowed => "leave_chat_not_allowed",
            Self::CloseChatNotAllowed => "close_chat_not_allowed",
            Self::ReadReceiptsDisabled => "read_receipts_disabled",
            Self::ImageLoad => "image_load",
            Self::ImageRemove => "image_remove",
            Self::RateLimited => "rate_limited",
            Self::InvalidInput => "invalid_input",
            Self::UnexpectedResponse => "unexpected_response",
            Self::File => "file",
            Self::Finished => "finished",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
