//! Lists that are read item by item.

mod list_end;
mod reader;
mod recent_ids;

use alloc::boxed::Box;
use core::fmt;

pub use self::list_end::ListEnd;
use self::reader::Reader;
pub(crate) use self::recent_ids::RecentIds;
use super::observed::{Report, Subject};
use crate::{
    effect::Now,
    error::{Error, Operation},
    machine::{Feed, Machine, Reply, Step, Ticket},
    model::ThreadId,
    protocol::{EndpointResult, Page, PageRequest, Protocol},
    session::Session,
};

/// The items of a list, one after the other: an iterator in `teamwire_blocking` and for a script, a stream in
/// `teamwire_async_std`. `S` is the type of the protocol's items.
///
/// It holds two pages at most, of up to 100 items each, whatever the length of the list: the items of one are handed
/// out while the next is requested. Nothing is sent until the first item is requested.
///
/// `teamwire_blocking` requests the next page in a short-lived thread. `teamwire_async_std` sends the request at once,
/// and receives the response whenever an item is requested: between two of them, the operating system buffers it. In a
/// [`FeedSet`](crate::FeedSet), and with an executor that performs one step after the other, a page is handed out when
/// the next one has arrived.
///
/// # Errors
///
/// Each page is retried as the request of any operation. If the time for the request of a page passes while the items
/// before it are read, it is requested again after them.
///
/// A page that fails ends the list with the error, after the items before it; so does a page that repeats a cursor, and
/// a list of more than 10,000 pages. The [limit](crate::config::Limits::max_list_size) on the size of a list does not
/// apply. If the server has discarded the position in the list, for instance because it was restarted, the list ends
/// with an error, because items have been handed out already. The operation that returns all items starts again.
///
/// A list that is stopped before its end, by the handle of the iterator or stream or by that of the
/// [client](crate::Client::stopped_by), ends with [`Cancelled`](crate::ErrorKind::Cancelled), so that the items before
/// are not taken for all.
#[must_use = "a list sends nothing until its items are requested"]
pub struct ListItems<T, S = T> {
    reader: Reader<T, S>,
    operation: &'static Operation,
    chat: Option<ThreadId>,
    /// `None` without an observer, and after the end.
    report: Option<Report>,
}

impl<T: Send, S: Send> ListItems<T, S> {
    /// Creates the list of this operation. `request` receives the time of the first poll, and `convert` returns the
    /// item to hand out, if any.
    pub(crate) fn new(
        session: &Session,
        (operation, chat): (&'static Operation, Option<&ThreadId>),
        request: impl Fn(&dyn Protocol, PageRequest<'_>, Now) -> EndpointResult<Page<S>> + Send + 'static,
        convert: impl FnMut(S) -> Option<T> + Send + 'static,
    ) -> Self {
        let report = session.observer().map(|_| Report::new(session.operation_id()));
        let reader = Reader::new(session, Box::new(request), Box::new(convert));
        Self { reader, operation, chat: chat.cloned(), report }
    }
}

impl<T, S> ListItems<T, S> {
    /// Returns the operation for errors and reports, and the state of the reports.
    fn reported(&mut self) -> (Subject<'_>, &mut Option<Report>) {
        let Self { reader, operation, chat, report } = self;
        (Subject { session: reader.session(), operation, chat: chat.as_ref() }, report)
    }
}

impl<T: Send, S: Send> Machine for ListItems<T, S> {
    type Event = T;
    type Output = ListEnd;

    fn poll(&mut self, now: Now) -> Step<T, Result<ListEnd, Error>> {
        if let (subject, Some(report)) = self.reported() {
            report.before_poll(&subject, now);
        }
        let mut step = self.reader.poll(now);
        let (subject, report) = self.reported();
        match &mut step {
            Step::Send(ticket, _) => {
                if let Some(report) = report {
                    report.on_send(&subject, now, *ticket);
                }
            }
            Step::Done(result) => {
                if let Err(error) = result {
                    subject.name(error);
                }
                // Taken first: an observer that panics must not be called again by the drop.
                if let Some(report) = report.take() {
                    report.on_finished(&subject, now, result.as_ref().err());
                }
            }
            _ => {}
        }
        step
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        if let Some(report) = &mut self.report {
            report.before_handle(&reply);
        }
        self.reader.handle(now, ticket, reply);
        if let (subject, Some(report)) = self.reported() {
            report.after_handle(&subject, now, ticket);
        }
    }
}

impl<T: Send, S: Send> Feed for ListItems<T, S> {
    fn stop(&mut self, now: Now) {
        self.reader.stop(now);
    }

    fn is_stopped(&self) -> bool {
        self.reader.is_stopped()
    }

    fn has_started(&self) -> bool {
        true
    }

    fn has_events(&self) -> bool {
        self.reader.has_items()
    }

    fn is_list(&self) -> bool {
        true
    }
}

impl<T, S> Drop for ListItems<T, S> {
    fn drop(&mut self) {
        if let (subject, Some(report)) = self.reported() {
            report.on_drop(&subject);
        }
    }
}

impl<T, S> fmt::Debug for ListItems<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reader, operation, chat, .. } = self;
        let mut list = f.debug_struct("ListItems");
        list.field("operation", operation).field("chat", chat).field("pages", &reader.pages()).finish_non_exhaustive()
    }
}
