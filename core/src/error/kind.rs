use core::fmt;

/// The kinds of errors: the eleven of the Python SDK, and eleven of this SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A network error or a timeout.
    #[doc(alias = "TWConnectionError")]
    Connection,
    /// A failure of the backend, or an error code without a kind of its own: see [`Error::code`](super::Error::code).
    #[doc(alias = "TWServerError")]
    Server,
    /// The bot lacks permission, or its credentials are unknown or have been revoked.
    #[doc(alias = "TWAuthError")]
    Auth,
    /// The chat, message, user or asset does not exist, or the bot cannot see it.
    #[doc(alias = "TWNotFoundError")]
    NotFound,
    /// Users or groups do not exist or cannot be members: see
    /// [`ApiError::invalid_members`](super::ApiError::invalid_members).
    #[doc(alias = "TWInvalidMembersError")]
    InvalidMembers,
    /// The organisation's admin has disallowed changing members.
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
    /// An image cannot be loaded: no avatar is set, or the given image is not suitable.
    #[doc(alias = "TWImageLoadError")]
    ImageLoad,
    /// An image cannot be removed.
    #[doc(alias = "TWImageRemoveError")]
    ImageRemove,
    /// Not in the Python SDK: too many requests. [`Error::retry_after`](super::Error::retry_after) returns the time to
    /// wait.
    RateLimited,
    /// Not in the Python SDK: the server rejected the request as invalid, such as an argument that only the server can
    /// check, or a file that is too large for it. The same request would be rejected again.
    InvalidRequest,
    /// Not in the Python SDK: the state of the chat does not allow the operation, such as a post in a closed chat.
    Conflict,
    /// Not in the Python SDK: the idempotency key belongs to another request, such as another message. This one was not
    /// performed.
    IdempotencyMismatch,
    /// Not in the Python SDK: an invalid argument or setting, detected before the request was sent.
    InvalidInput,
    /// Not in the Python SDK: a response that violates the protocol.
    UnexpectedResponse,
    /// Not in the Python SDK: a file that cannot be read or written, or that changed while it was being sent.
    File,
    /// Not in the Python SDK: the store of the claims of replicas cannot be used. See [`claim`](crate::claim).
    Store,
    /// Not in the Python SDK: the protocol does not have this operation. Nothing was sent.
    Unsupported,
    /// Not in the Python SDK: the operation was stopped: see [`Client::stopped_by`](crate::Client::stopped_by).
    Cancelled,
    /// Not in the Python SDK: a machine was polled after it had completed.
    Finished,
}

impl ErrorKind {
    /// Returns the kind in lower case with underscores, such as `not_found`.
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
            Self::InvalidRequest => "invalid_request",
            Self::Conflict => "conflict",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::InvalidInput => "invalid_input",
            Self::UnexpectedResponse => "unexpected_response",
            Self::File => "file",
            Self::Store => "store",
            Self::Unsupported => "unsupported",
            Self::Cancelled => "cancelled",
            Self::Finished => "finished",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
