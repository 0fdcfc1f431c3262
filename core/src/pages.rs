//! A list walked to its end, page by page.

use alloc::{collections::BTreeSet, format, string::String};
use core::{convert::Infallible, mem};

use chrono::{DateTime, Utc};

use crate::{
    call::Call,
    clock::Now,
    error::{Error, UnexpectedAnswer},
    machine::{Machine, Reply, Step, Ticket, ready},
    model::Listing,
    session::Session,
    wire::{
        Endpoint, Page, is_cursor,
        updates::{Signal, signal},
    },
};

/// The most pages to walk: a list that goes on after so many has no end.
const MOST_PAGES: usize = 10_000;

/// Number of items that a page is requested with: the maximum of the contract.
const PAGE: u32 = 100;

/// All pages of a list as one answer.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    session: Session,
    /// The list without a cursor. `None` if it was refused before anything was sent.
    first: Option<Endpoint<Page<T>>>,
    call: Call<Page<T>>,
    walked: Walked<T>,
    /// Whether the request under way takes a limit, so that a smaller page can be requested in its place.
    takes_limit: bool,
    /// Where the page begins that is being requested, and how many items are requested of it.
    cursor: Option<String>,
    limit: u32,
    /// Size of all pages so far.
    bytes: u64,
    /// A cursor that comes again would make this a loop.
    seen: BTreeSet<String>,
    /// Set if the server had forgotten a cursor, and the list was begun again.
    has_restarted: bool,
}

/// What a walk has found.
#[derive(Debug)]
pub(crate) struct Walked<T> {
    pub(crate) items: Listing<T>,
    /// The latest of all pages.
    pub(crate) last_modified: Option<DateTime<Utc>>,
}

impl<T> Default for Walked<T> {
    fn default() -> Self {
        Self { items: Listing::default(), last_modified: None }
    }
}

impl<T: Clone + Send> Pages<T> {
    pub(crate) fn new(session: &Session, list: Result<Endpoint<Page<T>>, Error>) -> Self {
        let first = list.as_ref().map(|first| first.page(None, PAGE)).map_err(Clone::clone);
        Self { takes_limit: true, ..Self::of(session, first, list) }
    }

    /// The pages of a list whose first page is the response to another request.
    pub(crate) fn of(
        session: &Session,
        first: Result<Endpoint<Page<T>>, Error>,
        list: Result<Endpoint<Page<T>>, Error>,
    ) -> Self {
        Self {
            session: session.clone(),
            call: session.call(first),
            first: list.ok(),
            takes_limit: false,
            walked: Walked::default(),
            cursor: None,
            limit: PAGE,
            bytes: 0,
            seen: BTreeSet::new(),
            has_restarted: false,
        }
    }

    /// Takes a page in. Returns the call for the next one, unless that was the last.
    fn take(&mut self, page: Page<T>) -> Result<Option<Call<Page<T>>>, Error> {
        self.bytes = self.bytes.saturating_add(page.bytes);
        let most = self.session.config().limits.list;
        if self.bytes > most {
            let why = format!("the list is larger than {most} bytes (the limit `list`)");
            return Err(UnexpectedAnswer::new(why).into());
        }
        self.walked.items.append(page.items);
        self.walked.last_modified = self.walked.last_modified.max(page.last_modified);
        let Some(cursor) = page.next_cursor else { return Ok(None) };
        if !is_cursor(&cursor) {
            return Err(endless("the list goes on at what is no cursor"));
        }
        if self.seen.len() >= MOST_PAGES {
            return Err(endless(&format!("the list goes on after {MOST_PAGES} pages")));
        }
        if !self.seen.insert(cursor.clone()) {
            return Err(endless("the list has a cursor that repeats, so it would never end"));
        }
        (self.cursor, self.takes_limit) = (Some(cursor), true);
        Ok(self.page())
    }

    /// Returns the call for a smaller page in place of one that is too large, if there is one.
    fn smaller(&mut self, error: &Error) -> Option<Call<Page<T>>> {
        let is_too_large = matches!(error, Error::UnexpectedAnswer(answer) if answer.is_too_large);
        if !is_too_large || !self.takes_limit || self.limit <= 1 {
            return None;
        }
        self.limit /= 2;
        self.page()
    }

    /// Returns the call for the first page once more, if the server has forgotten the cursor of another one: it was restarted,
    /// or restored. That happens once; a server that forgets each cursor would never come to an end.
    fn restarted(&mut self, error: &Error) -> Option<Call<Page<T>>> {
        if signal(error) != Some(Signal::CursorExpired) || self.has_restarted {
            return None;
        }
        self.cursor.take()?;
        self.has_restarted = true;
        self.walked = Walked::default();
        self.seen.clear();
        self.bytes = 0;
        self.page()
    }

    fn page(&self) -> Option<Call<Page<T>>> {
        let first = self.first.as_ref()?;
        Some(self.session.call(Ok(first.page(self.cursor.as_deref(), self.limit))))
    }
}

fn endless(reason: &str) -> Error {
    let path = Some("next_cursor".into());
    Error::UnexpectedAnswer(UnexpectedAnswer { path, ..UnexpectedAnswer::new(reason) }.into())
}

impl<T: Clone + Send> Machine for Pages<T> {
    type Event = Infallible;
    type Output = Walked<T>;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Walked<T>, Error>> {
        loop {
            let next = match ready!(self.call.poll(now)) {
                Ok(page) => self.take(page),
                Err(error) => self.smaller(&error).or_else(|| self.restarted(&error)).map(Some).ok_or(error),
            };
            match next {
                Ok(Some(next)) => self.call = next,
                Ok(None) => return Step::Done(Ok(mem::take(&mut self.walked))),
                Err(error) => return Step::Done(Err(error)),
            }
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.call.handle(now, ticket, reply);
    }
}
