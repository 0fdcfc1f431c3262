//! Reads a list: the request for a page is in flight while the items of the page before it are handed out.

use alloc::{
    boxed::Box,
    vec::{IntoIter, Vec},
};
use core::mem;

use super::list_end::ListEnd;
use crate::{
    effect::{Now, TransportErrorKind},
    error::{Cause, Error, GaveUp},
    flow::{call::Call, pages::Pages},
    machine::{Machine, Reply, Step, Ticket},
    protocol::{EndpointResult, Page, PageRequest, Protocol},
    session::Session,
};

/// Builds the request of a page of a list that began at this time.
pub(super) type Request<S> = Box<dyn Fn(&dyn Protocol, PageRequest<'_>, Now) -> EndpointResult<Page<S>> + Send>;
/// Converts an item of the protocol to one of the list; `None` leaves it out.
pub(super) type Convert<S, T> = Box<dyn FnMut(S) -> Option<T> + Send>;

/// The machine of a list, without its reports.
pub(super) struct Reader<T, S> {
    pages: Pages<()>,
    request: Request<S>,
    /// Time of the first poll.
    begun_at: Option<Now>,
    convert: Convert<S, T>,
    /// Items of the last page that have not been handed out.
    items: IntoIter<T>,
    next: Next<S>,
    end: ListEnd,
    is_stopped: bool,
}

/// The state after the items.
enum Next<S> {
    /// The first page has not been requested.
    Unsent,
    Requested(Box<Requested<S>>),
    /// A page, and the number of times that it was requested.
    Arrived(Page<S>, u32),
    Failed(Error),
    /// The last page has been read.
    End,
    Finished,
}

/// The page that is requested.
struct Requested<S> {
    call: Call<Page<S>>,
    /// Ticket of the last step, if that was a request that has no reply yet.
    sent: Option<Ticket>,
    /// Set if the request is sent while there are items. Otherwise it is sent after them.
    is_early: bool,
}

impl<S: Send> Requested<S> {
    /// Returns `true` if this may be the error of a caller that has taken long for the items, while nothing was waiting
    /// for the response.
    fn is_late(&self, error: &Error) -> bool {
        let has_timed_out = matches!(error.cause(), Cause::Transport(it) if it.kind == TransportErrorKind::Timeout);
        self.is_early && (has_timed_out || error.gave_up() == GaveUp::Budget)
    }
}

impl<T, S> Reader<T, S> {
    pub(super) const fn session(&self) -> &Session {
        &self.pages.session
    }

    /// Returns the number of pages before the one that is requested.
    pub(super) fn pages(&self) -> usize {
        self.pages.len()
    }
}

impl<T: Send, S: Send> Reader<T, S> {
    pub(super) fn new(session: &Session, request: Request<S>, convert: Convert<S, T>) -> Self {
        Self {
            pages: Pages::new(session, ()),
            request,
            begun_at: None,
            convert,
            items: Vec::new().into_iter(),
            next: Next::Unsent,
            end: ListEnd::default(),
            is_stopped: false,
        }
    }

    /// Returns `true` if there are items to hand out without a reply.
    pub(super) fn has_items(&self) -> bool {
        self.items.len() > 0
    }

    pub(super) const fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Stops the list after the pages that have been received.
    pub(super) fn stop(&mut self, now: Now) {
        self.is_stopped = true;
        if let Next::Unsent = self.next {
            self.next = Next::Failed(cancelled(0));
        }
        let Next::Requested(requested) = &mut self.next else { return };
        let attempts = requested.call.attempts();
        // A response that has been handled counts as received, although it has not been polled for yet.
        let result = requested.call.has_result().then(|| requested.call.poll(now).into_output::<(), ()>());
        self.next = match result {
            Some(Ok(Ok(page))) => Next::Arrived(page, attempts),
            _ => Next::Failed(cancelled(attempts)),
        };
    }

    pub(super) fn poll(&mut self, now: Now) -> Step<T, Result<ListEnd, Error>> {
        if let Next::Unsent = self.next {
            self.next = self.requested(now, false);
        }
        loop {
            if let Some(step) = self.poll_request(now) {
                return step;
            }
            if let Some(item) = self.items.next() {
                return Step::Event(item);
            }
            match mem::replace(&mut self.next, Next::Finished) {
                Next::Arrived(page, attempts) => self.next = self.read(now, page, attempts),
                Next::Failed(error) => return Step::Done(Err(error)),
                Next::End => return Step::Done(Ok(mem::take(&mut self.end))),
                Next::Unsent | Next::Requested(..) | Next::Finished => return Step::Done(Err(Error::finished())),
            }
        }
    }

    pub(super) fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        if let Next::Requested(requested) = &mut self.next {
            requested.sent.take_if(|sent| *sent == ticket);
            requested.call.handle(now, ticket, reply);
        }
    }

    /// Polls the request for the next page, unless there are items to hand out meanwhile. Returns `None` if it has
    /// ended, or if its wait is no reason to wait.
    fn poll_request(&mut self, now: Now) -> Option<Step<T, Result<ListEnd, Error>>> {
        let has_items = self.has_items();
        loop {
            let Next::Requested(requested) = &mut self.next else { return None };
            if has_items && (requested.sent.is_some() || !requested.is_early) {
                return None;
            }
            let next = match requested.call.poll(now).into_output() {
                Ok(Ok(page)) => Next::Arrived(page, requested.call.attempts()),
                Ok(Err(error)) if self.pages.reduce(&error) => self.requested(now, has_items),
                Ok(Err(error)) if requested.is_late(&error) => self.requested(now, false),
                Ok(Err(error)) => Next::Failed(error),
                Err(Step::Sleep(_)) if has_items => return None,
                Err(mut step) => {
                    if let Step::Send(ticket, exchange) = &mut step {
                        exchange.is_early = requested.is_early;
                        requested.sent = Some(*ticket);
                    }
                    return Some(step);
                }
            };
            self.next = next;
        }
    }

    /// Adds the items of a page. Returns the state after it.
    fn read(&mut self, now: Now, page: Page<S>, attempts: u32) -> Next<S> {
        let (items, undecoded) = page.items.into_parts();
        self.items = items.into_iter().filter_map(&mut self.convert).collect::<Vec<_>>().into_iter();
        self.end.add(page.last_modified, undecoded);
        match self.pages.advance(page.next_cursor, attempts) {
            Ok(true) if self.is_stopped => Next::Failed(cancelled(0)),
            Ok(true) => self.requested(now, self.has_items()),
            Ok(false) => Next::End,
            Err(error) => Next::Failed(error),
        }
    }

    fn requested(&mut self, now: Now, is_early: bool) -> Next<S> {
        let (session, begun_at) = (&self.pages.session, *self.begun_at.get_or_insert(now));
        let call = session.call((self.request)(session.protocol(), self.pages.page(), begun_at));
        Next::Requested(Box::new(Requested { call, sent: None, is_early }))
    }
}

/// Returns the error of a list that was stopped before its end, after this number of requests for the next page.
fn cancelled(attempts: u32) -> Error {
    Error::from(Cause::Cancelled { outcome_unknown: false }).after(attempts, GaveUp::Cancelled)
}
