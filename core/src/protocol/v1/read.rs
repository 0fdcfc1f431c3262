//! Decoding of responses with the tolerant reader of JSON.

use alloc::{format, string::String, vec::Vec};

use super::{
    endpoints::is_cursor,
    json::{BoundedVec, Decode, DecodeError, Exact, Item, Json, List, Scanned},
};
use crate::{
    error::UnexpectedResponse,
    model::{Listing, Undecoded},
    protocol::{Page, ResponseReader},
};

/// Maximum number of undecoded items kept individually, per response.
pub(super) const MAX_UNDECODED: usize = 100;

/// Reason for an undecoded item whose structure is invalid.
pub(super) const MALFORMED: &str = "malformed JSON: a bracket, quote, colon or comma is missing or unexpected";
/// Reason for an error if the end of the body is missing.
pub(super) const INCOMPLETE: &str = "the JSON is incomplete";

impl ResponseReader<'_> {
    /// Decodes the body as JSON.
    pub(super) fn json<T: Decode>(&self) -> Result<T, UnexpectedResponse> {
        T::decode(self.document()?).map_err(|error| self.decode_error(&error))
    }

    /// Decodes a page of a list. One malformed item does not fail the page.
    pub(super) fn page<T: Decode>(&self) -> Result<Page<T>, UnexpectedResponse> {
        let body = self.scanned()?;
        let list = self.list(&body, "next_cursor")?;
        let members = list.members(["next_cursor", "last_modified"]);
        let [next_cursor, last_modified] = members.map_err(|error| self.decode_error(&error))?;
        let items = list.items(is_item::<T>).map_err(|items| match items {
            Some(_) => self.unexpected("expected an array", Some("items")),
            None => self.unexpected("missing field `items`", None),
        })?;
        // An invalid cursor is an error: the rest of the list would be missing.
        let next_cursor = next_cursor.value().map(|_| next_cursor.required()).transpose();
        let next_cursor = next_cursor.map_err(|error| self.decode_error(&error))?.map(|Exact(cursor)| cursor);
        // An empty cursor marks the end, like a missing one.
        let next_cursor = next_cursor.filter(|cursor| !cursor.is_empty());
        if next_cursor.as_ref().is_some_and(|cursor| !is_cursor(cursor)) {
            return Err(self.unexpected("invalid next cursor", Some("next_cursor")));
        }
        let items = self.items(items).map_err(|reason| self.unexpected(reason, None))?;
        Ok(Page::of(items).next(next_cursor).last_modified(last_modified.optional()))
    }

    /// Decodes the first page of a list in the response to a change. A malformed list is undecoded and not an error,
    /// because the change has been made.
    pub(super) fn page_after_change<T: Decode>(&self) -> Result<Page<T>, UnexpectedResponse> {
        let undecoded = |json, reason| {
            Listing::new(Vec::new(), [self.undecoded_item(json, &DecodeError::new(reason).at("items"))].into())
        };
        let mut next_cursor = None;
        let body = Scanned::new(self.body());
        let items = match body.as_ref().and_then(|body| List::read(body, "next_cursor")) {
            Some(list) => {
                next_cursor = list.members(["next_cursor"]).ok().and_then(|[cursor]| cursor.optional());
                match list.items(is_item::<T>) {
                    Ok(items) => self.items(items).map_err(|reason| self.unexpected(reason, None))?,
                    Err(items) => undecoded(items.unwrap_or(list.bytes()), "expected an array"),
                }
            }
            None => undecoded(self.document()?, "expected an array"),
        };
        Ok(Page::of(items).next(next_cursor.map(|Exact(cursor)| cursor).filter(|cursor| !cursor.is_empty())))
    }

    /// Decodes items, separating the undecoded ones; an error if the end of the list is missing.
    fn items<'j, T: Decode>(&self, list: impl Iterator<Item = Item<'j>>) -> Result<Listing<T>, &'static str> {
        let mut decoded = BoundedVec::new(self.body().len(), T::MEMORY);
        let (mut undecoded, mut more) = (Vec::new(), 0_usize);
        for item in list {
            let (json, result) = match item {
                Item::WellFormed(json) => (json, T::decode(json)),
                Item::Malformed(json) => (json, T::decode(json).map_err(|_| DecodeError::new(MALFORMED))),
                Item::Cut => return Err(INCOMPLETE),
            };
            match result {
                Ok(item) if !decoded.is_full() => decoded.push(item),
                Err(error) if undecoded.len() < MAX_UNDECODED => undecoded.push(self.undecoded_item(json, &error)),
                Ok(_) | Err(_) => more += 1,
            }
        }
        if more > 0 {
            undecoded.push(Undecoded::new("", format!("{more} more items cannot be decoded")));
        }
        Ok(Listing::new(decoded.into_vec(), undecoded))
    }

    fn undecoded_item(&self, json: Json<'_>, error: &DecodeError) -> Undecoded {
        self.undecoded(json.bytes(), &describe(error))
    }

    /// Returns the body as a JSON object or array.
    pub(super) fn document(&self) -> Result<Json<'_>, UnexpectedResponse> {
        Json::document(self.body()).ok_or_else(|| self.not_json())
    }

    /// Scans the body of a list.
    pub(super) fn scanned(&self) -> Result<Scanned<'_>, UnexpectedResponse> {
        Scanned::new(self.body()).ok_or_else(|| self.not_json())
    }

    /// Returns the body as a list with a cursor of this name.
    pub(super) fn list<'a>(&self, body: &'a Scanned<'_>, cursor: &str) -> Result<List<'a>, UnexpectedResponse> {
        List::read(body, cursor).ok_or_else(|| self.not_json())
    }

    fn not_json(&self) -> UnexpectedResponse {
        let body = self.body();
        self.unexpected(
            if body.iter().all(u8::is_ascii_whitespace) {
                "expected JSON, but the body is empty"
            } else if Json::document(body).is_some() {
                MALFORMED
            } else if Json::possibly_cut(body).is_some() {
                INCOMPLETE
            } else {
                "expected JSON"
            },
            None,
        )
    }

    pub(super) fn decode_error(&self, error: &DecodeError) -> UnexpectedResponse {
        self.unexpected(&error.reason(), Some(error.path().as_str()).filter(|path| !path.is_empty()))
    }
}

/// Describes a decoding error and its place.
pub(super) fn describe(error: &DecodeError) -> String {
    match error.path().as_str() {
        "" => error.reason(),
        path => format!("{} at `{path}`", error.reason()),
    }
}

/// Returns `true` for an item of a list.
fn is_item<T: Decode>(json: Json<'_>) -> bool {
    T::decode(json).is_ok()
}
