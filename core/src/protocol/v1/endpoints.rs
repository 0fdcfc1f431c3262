//! Routes of the contract, and endpoints that read its JSON.

use serde::Serialize;

use super::json::{Decode, object_with_text};
use crate::{
    error::Error,
    model::{Id, ThreadId, checked_id},
    protocol::{Endpoint, Page, PageRequest, Route},
};

/// Maximum length of an id, in characters.
const MAX_ID_CHARS: usize = 128;
/// Maximum length of a cursor, in bytes.
const MAX_CURSOR_BYTES: usize = 1024;

/// Returns the route of a chat.
pub(super) fn chat(tid: &ThreadId) -> Result<Route, Error> {
    with_id(Route::new("v1/chats"), tid)
}

/// Appends an id as one segment.
pub(super) fn with_id<I: Id>(route: Route, id: &I) -> Result<Route, Error> {
    segment(route, I::NAME, id.as_str())
}

/// Appends one segment.
pub(super) fn segment(route: Route, parameter: &str, text: &str) -> Result<Route, Error> {
    route.segment(parameter, check_length(parameter, text)?)
}

/// Returns the id, or an error if it is malformed.
pub(super) fn checked<I: Id>(id: &I) -> Result<&str, Error> {
    check_segment(I::NAME, id.as_str())
}

/// Returns the text, or an error if it is not a possible id.
pub(super) fn check_segment<'a>(parameter: &str, text: &'a str) -> Result<&'a str, Error> {
    check_length(parameter, checked_id(parameter, text)?)
}

fn check_length<'a>(parameter: &str, id: &'a str) -> Result<&'a str, Error> {
    // Most ids need not be counted, as a text has at most as many characters as bytes.
    if id.len() > MAX_ID_CHARS && id.chars().count() > MAX_ID_CHARS {
        return Err(Error::invalid(parameter, alloc::format!("must be at most {MAX_ID_CHARS} characters")));
    }
    Ok(id)
}

/// Returns `true` for a valid cursor.
pub(super) fn is_cursor(text: &str) -> bool {
    (1..=MAX_CURSOR_BYTES).contains(&text.len())
}

/// Creates a keyed request with this method: the contract has a key for everything that changes something, as a delayed
/// attempt would undo a newer change.
pub(super) fn change(endpoint: Endpoint<()>) -> Endpoint<()> {
    endpoint.keyed(None)
}

/// Adds the query of a page.
pub(super) fn page(route: Route, page: PageRequest<'_>) -> Route {
    let route = match page.cursor {
        Some(cursor) => route.query("cursor", cursor),
        None => route,
    };
    route.query("limit", &alloc::format!("{}", page.limit))
}

/// Returns the endpoint of a page of a list.
pub(super) fn list<T: Decode>(route: Route, request: PageRequest<'_>) -> Endpoint<Page<T>> {
    Endpoint::get(page(route, request)).reads(|response| Ok(response.page()?))
}

impl Endpoint<()> {
    /// Sets a JSON body of the contract.
    pub(super) fn with(self, body: &impl Serialize) -> Self {
        self.json(body).expect("the contract's own structs have string keys only")
    }

    /// Sets a JSON body of the contract with this member, if there is a text, and those of `rest`.
    pub(super) fn with_text(self, name: &'static str, text: Option<&str>, rest: &impl Serialize) -> Self {
        let json = object_with_text(name, text, rest).expect("the contract's own structs have string keys only");
        self.json_bytes(json)
    }

    /// Decodes a JSON response.
    pub(super) fn returns<T: Decode>(self) -> Endpoint<T> {
        self.reads(|response| Ok(response.json()?))
    }

    /// Decodes a JSON response, which the contract guarantees.
    pub(super) fn returns_some<T: Decode>(self) -> Endpoint<Option<T>> {
        self.reads(|response| Ok(Some(response.json()?)))
    }
}
