/// The consequences of an error response, as decided by the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub(crate) struct Meaning {
    /// The same request may succeed later.
    pub(crate) is_transient: bool,
    /// The request may have been performed.
    pub(crate) is_uncertain: bool,
    /// The server is still processing the first request with the same key.
    pub(crate) is_in_progress: bool,
    /// The request was not performed, because the login has expired.
    pub(crate) is_login_expired: bool,
    /// The protocol defines this error, so it is the backend's and not that of a proxy. Its code is shown even if it
    /// looks like a credential.
    pub(crate) is_of_protocol: bool,
    pub(crate) signal: Option<Signal>,
}

/// The consequence of an error response for a feed or a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// The subscription has expired: the feed subscribes again and continues at the same cursor.
    LeaseExpired,
    /// Another client ended the subscription: the feed ends.
    Unsubscribed,
    /// The server no longer has the events after the cursor: the feed reports a gap and continues from now. A list is
    /// read again from its first page, once.
    CursorExpired,
}
