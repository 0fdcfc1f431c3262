//! Decoding of responses with the tolerant reader of JSON.

use alloc::{format, string::String, vec::Vec};

use super::{
    endpoints::is_cursor,
    json::{BoundedVec, Decode, DecodeError, Exact, Input, Item, Json, List, Member},
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
        match Input::whole(self.body()) {
            Some(value) => Ok(value),
            None => T::decode(self.document()?).map_err(|error| self.decode_error(&error)),
        }
    }

    /// Decodes a page of a list. One malformed item does not fail the page.
    pub(super) fn page<T: Decode>(&self) -> Result<Page<T>, UnexpectedResponse> {
        let mut items = Items::new(self);
        let names = ["items", "next_cursor", "last_modified"];
        if let Some([_, cursor, last_modified]) = Input::list(self.body(), names, |input| items.read(input)) {
            return Ok(items.into_page().next(self.next_cursor(cursor)?).last_modified(last_modified.optional()));
        }
        drop(items);
        let list = self.list("next_cursor")?;
        let members = list.members(["next_cursor", "last_modified"]);
        let [cursor, last_modified] = members.map_err(|error| self.decode_error(&error))?;
        let items = list.items(is_item::<T>).map_err(|items| match items {
            Some(_) => self.unexpected("expected an array", Some("items")),
            None => self.unexpected("missing field `items`", None),
        })?;
        let items = self.items(items).map_err(|reason| self.unexpected(reason, None))?;
        let cursor = self.next_cursor_of_malformed(Some(cursor))?;
        Ok(items.next(cursor).last_modified(last_modified.optional()))
    }

    /// Decodes the cursor of the next page. An empty one marks the end, like a missing one. An invalid one is an error:
    /// the rest of the list would be missing.
    fn next_cursor(&self, cursor: Member<'_>) -> Result<Option<String>, UnexpectedResponse> {
        if cursor.value().is_none() {
            return Ok(None);
        }
        let Exact(cursor) = cursor.required().map_err(|error| self.decode_error(&error))?;
        if !cursor.is_empty() && !is_cursor(&cursor) {
            return Err(self.unexpected("invalid next cursor", Some("next_cursor")));
        }
        Ok(Some(cursor).filter(|cursor| !cursor.is_empty()))
    }

    /// Same as [`next_cursor`](Self::next_cursor), for a body whose structure may be invalid around the cursor.
    fn next_cursor_of_malformed(&self, cursor: Option<Member<'_>>) -> Result<Option<String>, UnexpectedResponse> {
        let next = cursor.map_or(Ok(None), |cursor| self.next_cursor(cursor))?;
        let is_lost = next.is_none() && Json::has_lost_member(self.body(), "next_cursor");
        if is_lost { Err(self.unexpected("malformed next cursor", Some("next_cursor"))) } else { Ok(next) }
    }

    /// Decodes the first page of a list in the response to a change. A malformed list is undecoded and not an error,
    /// because the change has been made. A malformed cursor is an error: the rest of the list would be missing.
    pub(super) fn page_after_change<T: Decode>(&self) -> Result<Page<T>, UnexpectedResponse> {
        let undecoded = |json, reason| {
            let item = self.undecoded_item(json, &DecodeError::new(reason).at("items"));
            Page::of(Listing::new(Vec::new(), [item].into()))
        };
        let mut cursor = None;
        let items = match List::read(self.body(), "next_cursor") {
            Some(list) => {
                cursor = list.members(["next_cursor"]).ok().map(|[cursor]| cursor);
                match list.items(is_item::<T>) {
                    Ok(items) => self.items(items).map_err(|reason| self.unexpected(reason, None))?,
                    Err(items) => undecoded(items.unwrap_or(list.bytes()), "expected an array"),
                }
            }
            None => undecoded(self.document()?, "expected an array"),
        };
        Ok(items.next(self.next_cursor_of_malformed(cursor)?))
    }

    /// Decodes items; an error if the end of the list is missing.
    fn items<'j, T: Decode>(&self, list: impl Iterator<Item = Item<'j>>) -> Result<Page<T>, &'static str> {
        let mut items = Items::new(self);
        for item in list {
            match item {
                Item::WellFormed(json) => items.push(json, T::decode(json)),
                Item::Malformed(json) => items.push(json, T::decode(json).map_err(|_| DecodeError::new(MALFORMED))),
                Item::Cut => return Err(INCOMPLETE),
            }
        }
        Ok(items.into_page())
    }

    fn undecoded_item(&self, json: Json<'_>, error: &DecodeError) -> Undecoded {
        self.undecoded(json.bytes(), &describe(error))
    }

    /// Returns the body as a JSON object or array.
    pub(super) fn document(&self) -> Result<Json<'_>, UnexpectedResponse> {
        Json::document(self.body()).ok_or_else(|| self.not_json())
    }

    /// Returns the body as a list with a cursor of this name.
    pub(super) fn list(&self, cursor: &str) -> Result<List<'_>, UnexpectedResponse> {
        List::read(self.body(), cursor).ok_or_else(|| self.not_json())
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

/// The items of a page, separated from the undecoded ones.
struct Items<'a, T> {
    reader: &'a ResponseReader<'a>,
    decoded: BoundedVec<T>,
    undecoded: Vec<Undecoded>,
    more: usize,
}

impl<'a, T: Decode> Items<'a, T> {
    fn new(reader: &'a ResponseReader<'a>) -> Self {
        let decoded = BoundedVec::new(reader.body().len(), T::MEMORY);
        Self { reader, decoded, undecoded: Vec::new(), more: 0 }
    }

    /// Reads the next item; `None` if its structure is invalid.
    fn read(&mut self, input: &mut Input<'_>) -> Option<()> {
        let start = *input;
        match T::read(input) {
            Some(item) if !self.decoded.is_full() => self.decoded.push(item, input.since(start).len()),
            Some(_) => self.more += 1,
            None => {
                *input = start;
                let json = input.json()?;
                self.push(json, T::decode(json));
            }
        }
        Some(())
    }

    fn push(&mut self, json: Json<'_>, result: Result<T, DecodeError>) {
        match result {
            Ok(item) if !self.decoded.is_full() => self.decoded.push(item, json.bytes().len()),
            Err(error) if self.undecoded.len() < MAX_UNDECODED => {
                self.undecoded.push(self.reader.undecoded_item(json, &error));
            }
            Ok(_) | Err(_) => self.more += 1,
        }
    }

    fn into_page(mut self) -> Page<T> {
        if self.more > 0 {
            self.undecoded.push(Undecoded::new("", format!("{} more items cannot be decoded", self.more)));
        }
        Page::of(Listing::new(self.decoded.into_vec(), self.undecoded))
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
