//! Decoding of responses with the tolerant reader of JSON.

use alloc::{format, string::String, vec::Vec};

use super::{
    endpoints::is_cursor,
    json::{BoundedVec, Decode, DecodeError, Exact, Json},
};
use crate::{
    error::UnexpectedResponse,
    model::{Listing, Undecoded},
    protocol::{Page, ResponseReader},
};

/// Maximum number of undecoded items kept individually, per response.
pub(super) const MAX_UNDECODED: usize = 100;

/// Reason for an undecoded item that may contain the next one.
pub(super) const UNBALANCED: &str = "unbalanced brackets: it may contain other items";

impl ResponseReader<'_> {
    /// Decodes the body as JSON.
    pub(super) fn json<T: Decode>(&self) -> Result<T, UnexpectedResponse> {
        T::decode(self.document()?).map_err(|error| self.decode_error(&error))
    }

    /// Decodes a page of a list. One malformed item does not fail the page.
    pub(super) fn page<T: Decode>(&self) -> Result<Page<T>, UnexpectedResponse> {
        let document = self.document()?;
        let members = document.members(["items", "next_cursor", "last_modified"]);
        let [items, next_cursor, last_modified] = members.map_err(|error| self.decode_error(&error))?;
        let items = items.json().map_err(|error| self.decode_error(&error))?;
        let items = document.list(items).ok_or_else(|| self.unexpected("expected an array", Some("items")))?;
        // An invalid cursor is an error: the rest of the list would be missing.
        let next_cursor = next_cursor.value().map(|_| next_cursor.required()).transpose();
        let next_cursor = next_cursor.map_err(|error| self.decode_error(&error))?.map(|Exact(cursor)| cursor);
        // An empty cursor marks the end, like a missing one.
        let next_cursor = next_cursor.filter(|cursor| !cursor.is_empty());
        if next_cursor.as_ref().is_some_and(|cursor| !is_cursor(cursor)) {
            return Err(self.unexpected("invalid next cursor", Some("next_cursor")));
        }
        Ok(Page::of(self.items(items)).next(next_cursor).last_modified(last_modified.optional()))
    }

    /// Decodes the first page of a list in the response to a change. A malformed list is undecoded and not an error,
    /// because the change has been made.
    pub(super) fn page_after_change<T: Decode>(&self) -> Result<Page<T>, UnexpectedResponse> {
        let document = self.document()?;
        let next_cursor = document.members(["next_cursor"]).ok().and_then(|[cursor]| cursor.optional());
        let items = document.members(["items"]).and_then(|[items]| items.json());
        let items = match items.map(|json| (json, document.list(json))) {
            Ok((_, Some(items))) => self.items(items),
            Ok((json, None)) => {
                let error = DecodeError::new("expected an array").at("items");
                Listing::new(Vec::new(), [self.undecoded_item(json, &error)].into())
            }
            Err(error) => Listing::new(Vec::new(), [self.undecoded_item(document, &error)].into()),
        };
        Ok(Page::of(items).next(next_cursor.map(|Exact(cursor)| cursor).filter(|cursor| !cursor.is_empty())))
    }

    /// Decodes items, separating the undecoded ones.
    fn items<'j, T: Decode>(&self, list: impl Iterator<Item = Json<'j>>) -> Listing<T> {
        let mut decoded = BoundedVec::new(self.body().len());
        let (mut undecoded, mut more) = (Vec::new(), 0_usize);
        for json in list {
            match decode(json) {
                Ok(item) if !decoded.is_full() => decoded.push(item),
                Err(error) if undecoded.len() < MAX_UNDECODED => undecoded.push(self.undecoded_item(json, &error)),
                Ok(_) | Err(_) => more += 1,
            }
        }
        if more > 0 {
            undecoded.push(Undecoded::new("", format!("{more} more items cannot be decoded")));
        }
        Listing::new(decoded.into_vec(), undecoded)
    }

    fn undecoded_item(&self, json: Json<'_>, error: &DecodeError) -> Undecoded {
        self.undecoded(json.bytes(), &describe(error))
    }

    /// Returns the body as a JSON object or array.
    pub(super) fn document(&self) -> Result<Json<'_>, UnexpectedResponse> {
        let body = self.body();
        Json::document(body).ok_or_else(|| {
            self.unexpected(
                if body.iter().all(u8::is_ascii_whitespace) {
                    "expected JSON, but the body is empty"
                } else if Json::possibly_truncated(body).is_some() {
                    "the JSON is incomplete"
                } else {
                    "expected JSON"
                },
                None,
            )
        })
    }

    pub(super) fn decode_error(&self, error: &DecodeError) -> UnexpectedResponse {
        self.unexpected(&error.reason(), Some(error.path().as_str()).filter(|path| !path.is_empty()))
    }
}

/// Decodes an item of a list.
pub(super) fn decode<T: Decode>(json: Json<'_>) -> Result<T, DecodeError> {
    if !json.is_intact() {
        return Err(DecodeError::new(UNBALANCED));
    }
    T::decode(json)
}

/// Describes a decoding error and its place.
pub(super) fn describe(error: &DecodeError) -> String {
    match error.path().as_str() {
        "" => error.reason(),
        path => format!("{} at `{path}`", error.reason()),
    }
}
