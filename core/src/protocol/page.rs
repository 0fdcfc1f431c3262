//! A page of a list.

use alloc::{string::String, vec::Vec};

use chrono::{DateTime, Utc};

use crate::model::{Listing, Undecoded};

/// The page of a list that is requested.
///
/// Pages are requested one after the other until one has no [next](Page::next) cursor: up to 10,000, and up to
/// [`max_list_size`](crate::config::Limits::max_list_size) bytes in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageRequest<'a> {
    /// The [cursor](Page::next) that the previous page returned, unchanged; `None` for the first page.
    pub cursor: Option<&'a str>,
    /// Maximum number of items: 100, or less. It is halved if a page exceeds the size limit of a response, and the same
    /// cursor is requested again. So a page number must not be multiplied by it.
    pub limit: u32,
}

impl<'a> PageRequest<'a> {
    /// The request for the first page of a list, as operations make it.
    pub const FIRST: Self = Self::new(None, 100);

    /// Creates a request.
    pub const fn new(cursor: Option<&'a str>, limit: u32) -> Self {
        Self { cursor, limit }
    }
}

/// A part of a list, and the cursor of the next one.
///
/// ```
/// use serde::Deserialize;
/// use teamwire_core::{
///     User,
///     model::UserId,
///     protocol::{Endpoint, EndpointResult, Page, PageRequest, Route},
/// };
///
/// #[derive(Deserialize)]
/// struct UsersJson {
///     users: Vec<UserJson>,
///     next: Option<String>,
/// }
///
/// #[derive(Deserialize)]
/// struct UserJson {
///     id: UserId,
///     first: String,
///     last: String,
/// }
///
/// /// `GET api/users?limit={number}&after={cursor}`.
/// fn users(page: PageRequest<'_>) -> EndpointResult<Page<User>> {
///     let mut route = Route::new("api/users").query("limit", &page.limit.to_string());
///     if let Some(cursor) = page.cursor {
///         route = route.query("after", cursor);
///     }
///     Ok(Endpoint::get(route).listing_timeout().reads(|response| {
///         let UsersJson { users, next } = response.deserialize()?;
///         let users = users.into_iter().map(|user| User::new(user.id, user.first, user.last));
///         Ok(Page::new(users.collect()).next(next))
///     }))
/// }
///
/// assert_eq!(format!("{:?}", users(PageRequest::new(Some("a b"), 50))?), "GET api/users?limit=50&after=a+b");
/// # Ok::<(), teamwire_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub(crate) items: Listing<T>,
    pub(crate) next_cursor: Option<String>,
    pub(crate) last_modified: Option<DateTime<Utc>>,
}

impl<T> Page<T> {
    /// Creates the last page of a list.
    pub const fn new(items: Vec<T>) -> Self {
        Self::of(Listing::new(items, Vec::new()))
    }

    pub(crate) const fn of(items: Listing<T>) -> Self {
        Self { items, next_cursor: None, last_modified: None }
    }

    /// Sets the cursor of the next page, of up to 16 KiB: any text that the protocol understands, such as a page
    /// number. `None` ends the list. A cursor that the list has had before is an error, as the list would never end.
    #[must_use]
    pub fn next(mut self, cursor: Option<String>) -> Self {
        self.next_cursor = cursor;
        self
    }

    /// Sets the time of the chat's last message, in a list of messages. The latest of all pages counts.
    #[must_use]
    pub fn last_modified(mut self, time: Option<DateTime<Utc>>) -> Self {
        self.last_modified = time;
        self
    }

    /// Adds an item that cannot be decoded: see [`ResponseReader::undecoded`](super::ResponseReader::undecoded). It
    /// does not fail the list.
    #[must_use]
    pub fn undecoded(mut self, item: Undecoded) -> Self {
        self.items.push_undecoded(item);
        self
    }
}

/// Maximum length of a cursor, in bytes: that of a feed without cursors on the server lists the events it has seen.
pub(crate) const MAX_CURSOR_BYTES: usize = 16 << 10;

/// Returns `true` for a valid cursor.
pub(crate) fn is_cursor(text: &str) -> bool {
    (1..=MAX_CURSOR_BYTES).contains(&text.len())
}
