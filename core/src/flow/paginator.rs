//! Fetches every page of a list.

use alloc::{collections::BTreeSet, format, string::String};
use core::{convert::Infallible, mem};

use chrono::{DateTime, Utc};

use crate::{
    effect::Now,
    error::{Error, UnexpectedResponse},
    flow::{call::Call, ready},
    machine::{Machine, Reply, Step, Ticket},
    model::Listing,
    protocol::{
        Endpoint, Page, is_cursor,
        updates::{Signal, signal},
    },
    session::Session,
};

/// Maximum number of pages; a longer list is assumed to be endless.
const MAX_PAGES: usize = 10_000;

/// Number of items to request per page: the maximum of the contract.
const PAGE_SIZE: u32 = 100;

/// All pages of a list as one output.
#[derive(Debug)]
pub(crate) struct Paginator<T> {
    session: Session,
    /// The list without a cursor; `None` if the arguments were rejected locally.
    first: Option<Endpoint<Page<T>>>,
    call: Call<Page<T>>,
    collected: Collected<T>,
    /// Set if the request in flight has a limit, so that a smaller page can be requested instead.
    accepts_limit: bool,
    /// Cursor and maximum number of items of the page in flight.
    cursor: Option<String>,
    limit: u32,
    /// Size of all pages so far, in bytes.
    bytes: u64,
    /// Cursors so far: a repeated one would make an endless loop.
    seen: BTreeSet<String>,
    /// Set if a cursor had expired and the list was restarted.
    has_restarted: bool,
}

/// The collected pages.
#[derive(Debug)]
pub(crate) struct Collected<T> {
    pub(crate) items: Listing<T>,
    /// The latest of all pages.
    pub(crate) last_modified: Option<DateTime<Utc>>,
}

impl<T> Default for Collected<T> {
    fn default() -> Self {
        Self { items: Listing::default(), last_modified: None }
    }
}

impl<T: Clone + Send> Paginator<T> {
    pub(crate) fn new(session: &Session, list: Result<Endpoint<Page<T>>, Error>) -> Self {
        let first = list.as_ref().map(|first| first.page(None, PAGE_SIZE)).map_err(Clone::clone);
        Self { accepts_limit: true, ..Self::starting_with(session, first, list) }
    }

    /// Creates a paginator whose first page is the response to another request.
    pub(crate) fn starting_with(
        session: &Session,
        first: Result<Endpoint<Page<T>>, Error>,
        list: Result<Endpoint<Page<T>>, Error>,
    ) -> Self {
        Self {
            session: session.clone(),
            call: session.call(first),
            first: list.ok(),
            accepts_limit: false,
            collected: Collected::default(),
            cursor: None,
            limit: PAGE_SIZE,
            bytes: 0,
            seen: BTreeSet::new(),
            has_restarted: false,
        }
    }

    /// Adds a page. Returns the call for the next page, unless this was the last.
    fn push_page(&mut self, page: Page<T>) -> Result<Option<Call<Page<T>>>, Error> {
        self.bytes = self.bytes.saturating_add(page.bytes);
        let max_list_size = self.session.config().limits.max_list_size;
        if self.bytes > max_list_size {
            let reason = format!("the list is larger than the limit `max_list_size` ({max_list_size} bytes)");
            return Err(UnexpectedResponse::new(reason).into());
        }
        self.collected.items.append(page.items);
        self.collected.last_modified = self.collected.last_modified.max(page.last_modified);
        let Some(cursor) = page.next_cursor else { return Ok(None) };
        if !is_cursor(&cursor) {
            return Err(endless_list("invalid next cursor"));
        }
        if self.seen.len() >= MAX_PAGES {
            return Err(endless_list(&format!("the list has more than {MAX_PAGES} pages")));
        }
        if !self.seen.insert(cursor.clone()) {
            return Err(endless_list("next cursor repeats, so the list would never end"));
        }
        (self.cursor, self.accepts_limit) = (Some(cursor), true);
        Ok(self.next_page())
    }

    /// Returns the call for a smaller page if the last one was too large and can be reduced.
    fn with_smaller_pages(&mut self, error: &Error) -> Option<Call<Page<T>>> {
        let is_too_large = matches!(error, Error::UnexpectedResponse(response) if response.is_too_large);
        if !is_too_large || !self.accepts_limit || self.limit <= 1 {
            return None;
        }
        self.limit /= 2;
        self.next_page()
    }

    /// Returns the call for the first page if the server rejects a cursor as expired, for instance after a restart.
    /// Only once: with a server that rejects every cursor, the list would never end.
    fn restart(&mut self, error: &Error) -> Option<Call<Page<T>>> {
        if signal(error) != Some(Signal::CursorExpired) || self.has_restarted {
            return None;
        }
        self.cursor.take()?;
        self.has_restarted = true;
        self.collected = Collected::default();
        self.seen.clear();
        self.bytes = 0;
        self.next_page()
    }

    fn next_page(&self) -> Option<Call<Page<T>>> {
        let first = self.first.as_ref()?;
        Some(self.session.call(Ok(first.page(self.cursor.as_deref(), self.limit))))
    }
}

fn endless_list(reason: &str) -> Error {
    let path = Some("next_cursor".into());
    Error::UnexpectedResponse(UnexpectedResponse { path, ..UnexpectedResponse::new(reason) }.into())
}

impl<T: Clone + Send> Machine for Paginator<T> {
    type Event = Infallible;
    type Output = Collected<T>;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Collected<T>, Error>> {
        loop {
            let next = match ready!(self.call.poll(now)) {
                Ok(page) => self.push_page(page),
                Err(error) => self.with_smaller_pages(&error).or_else(|| self.restart(&error)).map(Some).ok_or(error),
            };
            match next {
                Ok(Some(next)) => self.call = next,
                Ok(None) => return Step::Done(Ok(mem::take(&mut self.collected))),
                Err(error) => return Step::Done(Err(error)),
            }
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.call.handle(now, ticket, reply);
    }
}
