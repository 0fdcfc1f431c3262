//! Fetches every page of a list.

use alloc::{boxed::Box, format};
use core::{convert::Infallible, fmt, mem};

use chrono::{DateTime, Utc};

use super::pages::{Pages, invalid};
use crate::{
    effect::Now,
    error::Error,
    flow::{call::Call, ready},
    machine::{Machine, Reply, Step, Ticket},
    model::Listing,
    protocol::{Endpoint, EndpointResult, Page, PageRequest, Protocol, Signal},
    session::Session,
};

/// All pages of a list as one output. `R` builds the request of a page.
pub(crate) struct Paginator<T, R> {
    pages: Pages<R>,
    state: State<T>,
    collected: Collected<T>,
    /// Size of all pages so far, in bytes.
    bytes: u64,
    /// Set if a cursor had expired and the list was restarted.
    has_restarted: bool,
    /// Set once the change before the list has been made.
    has_changed: bool,
}

enum State<T> {
    /// A change whose response may contain the first page, and the request of that page. It is built before the change
    /// is made, because it may be invalid.
    Changing(Call<Option<Page<T>>>, Option<Box<Endpoint<Page<T>>>>),
    Reading(Call<Page<T>>),
}

/// The exchanges of a page: the size of the response, and the number of times that it was requested.
#[derive(Clone, Copy)]
struct Sent {
    bytes: u64,
    attempts: u32,
}

impl Sent {
    fn of<T: Send>(call: &Call<T>) -> Self {
        Self { bytes: call.received(), attempts: call.attempts() }
    }
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

impl<T: Send, R: Fn(&dyn Protocol, PageRequest<'_>) -> EndpointResult<Page<T>>> Paginator<T, R> {
    pub(crate) fn new(session: &Session, request: R) -> Self {
        let pages = Pages::new(session, request);
        let first = State::Reading(pages.call());
        Self::starting_with(pages, first)
    }

    /// Creates a paginator of the list that a change returns, or at least its first page.
    pub(crate) fn after_change(session: &Session, change: EndpointResult<Option<Page<T>>>, request: R) -> Self {
        let first = request(session.protocol(), PageRequest::FIRST);
        let (change, first) = match change.and_then(|change| Ok((change, first?))) {
            Ok((change, first)) => (Ok(change), Some(Box::new(first))),
            Err(error) => (Err(error), None),
        };
        Self::starting_with(Pages::new(session, request), State::Changing(session.call(change), first))
    }

    fn starting_with(pages: Pages<R>, state: State<T>) -> Self {
        Self { pages, state, collected: Collected::default(), bytes: 0, has_restarted: false, has_changed: false }
    }

    /// Adds a page. Returns the state for the next page, unless this was the last.
    fn push_page(&mut self, page: Page<T>, Sent { bytes, attempts }: Sent) -> Result<Option<State<T>>, Error> {
        self.bytes = self.bytes.saturating_add(bytes);
        let max_list_size = self.pages.session.config().limits.max_list_size;
        if self.bytes > max_list_size {
            let reason = format!("the list is larger than the limit `max_list_size` ({max_list_size} bytes)");
            return Err(invalid(&reason, attempts));
        }
        self.collected.items.append(page.items);
        self.collected.last_modified = self.collected.last_modified.max(page.last_modified);
        let has_next = self.pages.advance(page.next_cursor, attempts)?;
        Ok(has_next.then(|| self.next_page()))
    }

    /// Returns the state after a failed page, if the list can still be read.
    fn after_error(&mut self, error: &Error) -> Option<State<T>> {
        (self.pages.reduce(error) || self.restart(error)).then(|| self.next_page())
    }

    /// Moves to the first page if the server rejects a cursor as expired, for instance after a restart. Only once: with
    /// a server that rejects every cursor, the list would never end.
    fn restart(&mut self, error: &Error) -> bool {
        if error.signal() != Some(Signal::CursorExpired) || self.has_restarted || !self.pages.restart() {
            return false;
        }
        self.has_restarted = true;
        self.collected = Collected::default();
        self.bytes = 0;
        true
    }

    fn next_page(&self) -> State<T> {
        State::Reading(self.pages.call())
    }
}

impl<T: Send, R: Fn(&dyn Protocol, PageRequest<'_>) -> EndpointResult<Page<T>> + Send> Machine for Paginator<T, R> {
    type Event = Infallible;
    type Output = Collected<T>;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Collected<T>, Error>> {
        loop {
            let next = match &mut self.state {
                State::Changing(call, first) => match ready!(call.poll(now)) {
                    Ok(page) => {
                        let (sent, first) = (Sent::of(call), first.take());
                        self.has_changed = true;
                        match page {
                            Some(page) => self.push_page(page, sent),
                            None => Ok(first.map(|first| State::Reading(self.pages.session.call(Ok(*first))))),
                        }
                    }
                    Err(error) => Err(error),
                },
                State::Reading(call) => match ready!(call.poll(now)) {
                    Ok(page) => {
                        let sent = Sent::of(call);
                        self.push_page(page, sent)
                    }
                    Err(error) => self.after_error(&error).map(Some).ok_or(error),
                },
            };
            match next {
                Ok(Some(next)) => self.state = next,
                Ok(None) => return Step::Done(Ok(mem::take(&mut self.collected))),
                Err(error) if self.has_changed => return Step::Done(Err(error.after_unanswered_attempt())),
                Err(error) => return Step::Done(Err(error)),
            }
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.state {
            State::Changing(call, _) => call.handle(now, ticket, reply),
            State::Reading(call) => call.handle(now, ticket, reply),
        }
    }
}

impl<T, R> fmt::Debug for Paginator<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paginator").field("pages", &self.pages.len()).finish_non_exhaustive()
    }
}
