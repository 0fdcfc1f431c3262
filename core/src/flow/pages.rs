//! The requests of a list, page by page.

use alloc::{collections::BTreeSet, format, string::String};

use crate::{
    error::{Cause, Error, GaveUp, UnexpectedResponse},
    flow::call::Call,
    protocol::{EndpointResult, Page, PageRequest, Protocol, fingerprint, is_cursor},
    session::Session,
};

/// Maximum number of pages; a longer list is assumed to be endless.
const MAX_PAGES: usize = 10_000;

/// The position in a list. `R` builds the request of a page.
pub(super) struct Pages<R> {
    pub(super) session: Session,
    request: R,
    /// Cursor and maximum number of items of the page at the position.
    cursor: Option<String>,
    limit: u32,
    /// Hashes of the cursors so far: a repeated one would make an endless loop.
    seen: BTreeSet<u64>,
}

impl<R> Pages<R> {
    /// Creates a position at the first page.
    pub(super) fn new(session: &Session, request: R) -> Self {
        let limit = PageRequest::FIRST.limit;
        Self { session: session.clone(), request, cursor: None, limit, seen: BTreeSet::new() }
    }

    /// Returns the machine that requests the page at the position.
    pub(super) fn call<T: Send>(&self) -> Call<Page<T>>
    where
        R: Fn(&dyn Protocol, PageRequest<'_>) -> EndpointResult<Page<T>>,
    {
        self.session.call((self.request)(self.session.protocol(), self.page()))
    }

    /// Returns the page at the position.
    pub(super) fn page(&self) -> PageRequest<'_> {
        PageRequest::new(self.cursor.as_deref(), self.limit)
    }

    /// Moves to the page with this cursor. Returns `false` if there is no cursor, after the last page. `attempts` is
    /// the number of times that the page before was requested.
    pub(super) fn advance(&mut self, cursor: Option<String>, attempts: u32) -> Result<bool, Error> {
        let Some(cursor) = cursor else { return Ok(false) };
        if !is_cursor(&cursor) {
            return Err(invalid("the cursor of the next page is invalid", attempts));
        }
        if self.seen.len() >= MAX_PAGES {
            return Err(invalid(&format!("the list has more than {MAX_PAGES} pages"), attempts));
        }
        if !self.seen.insert(fingerprint(cursor.as_bytes())) {
            return Err(invalid("the cursor of the next page repeats, so the list would never end", attempts));
        }
        self.cursor = Some(cursor);
        Ok(true)
    }

    /// Halves the page at the position if its response was too large. Returns `false` if that was not the error, or the
    /// page cannot be smaller.
    pub(super) fn reduce(&mut self, error: &Error) -> bool {
        let is_too_large = matches!(error.cause(), Cause::UnexpectedResponse(response) if response.is_too_large);
        if !is_too_large || self.limit <= 1 {
            return false;
        }
        self.limit /= 2;
        true
    }

    /// Moves to the first page. Returns `false` if the position was there.
    pub(super) fn restart(&mut self) -> bool {
        self.seen.clear();
        self.cursor.take().is_some()
    }

    /// Returns the number of pages before the position.
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }
}

/// Returns the error for a list whose last page was requested this number of times.
pub(super) fn invalid(reason: &str, attempts: u32) -> Error {
    Error::from(UnexpectedResponse::new(reason)).after(attempts, GaveUp::NotTransient)
}
