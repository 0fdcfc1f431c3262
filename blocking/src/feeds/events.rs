use std::{fmt, mem, sync::Arc, time::Duration};

use teamwire_core::{
    Error, FeedEvent, StopHandle,
    effect::{Exchange, Moment},
    error::Cause,
    feed::{FeedSetEvent, Waited},
    machine::{Feed, Reply, Step, Ticket},
};

use super::wake::Turns;
use crate::backend::{Backend, PendingReply};

/// Iterator over the events of a feed, which blocks until the next one. If the feed ends with an error, that is the
/// last item.
///
/// Nothing is sent until the first event is requested. Dropping it abandons the feed: nothing more is sent, and its
/// subscription expires within minutes.
#[must_use = "a feed sends nothing until its events are requested"]
pub struct Events<F: Feed> {
    feed: F,
    pub(super) backend: Arc<dyn Backend>,
    stop_handle: StopHandle,
    stop_requested: bool,
    /// A request that has begun in a wait with a limit, or while the feed has events. Others are performed at once.
    pending: Option<(Ticket, Box<dyn PendingReply>)>,
    /// An event that was received by [`started`](Self::started), and is delivered next.
    first: Option<F::Event>,
    has_ended: bool,
    end: Option<F::Output>,
    pub(super) turns: Turns,
}

/// The limits of a wait for an event.
#[derive(Clone, Copy)]
pub(super) enum Limit<'a> {
    Never,
    Until(Moment),
    /// Until the handle is stopped, or until this time.
    Interrupt(&'a StopHandle, Option<Moment>),
}

impl Limit<'_> {
    const fn until(self) -> Option<Moment> {
        match self {
            Self::Until(moment) => Some(moment),
            Self::Interrupt(_, until) => until,
            Self::Never => None,
        }
    }
}

impl<F: Feed> Events<F> {
    pub(crate) fn new(feed: F, backend: &Arc<dyn Backend>, stop: Option<&StopHandle>) -> Self {
        Self {
            feed,
            backend: Arc::clone(backend),
            stop_handle: StopHandle::any(stop),
            stop_requested: false,
            pending: None,
            first: None,
            has_ended: false,
            end: None,
            turns: Turns::default(),
        }
    }

    /// Returns a handle that stops the feed from another thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop_handle.clone()
    }

    /// Returns how the feed ended; `None` until it has, and if it ended with an error.
    pub const fn end(&self) -> Option<&F::Output> {
        self.end.as_ref()
    }

    /// Returns the next event, or [`TimedOut`](Waited::TimedOut) if there is none within this time: for a bot with
    /// something else to do, such as an escalation that is due. With [`Duration::ZERO`], it only looks.
    ///
    /// Every event ends the wait, including heartbeats (after ten minutes) and failed requests. So a bot that waits for
    /// longer passes the time that is left until its own deadline.
    ///
    /// Nothing is lost by a timeout: the request in progress continues in a thread of its own, and the next wait
    /// resumes there. Between two waits, the feed sends no other request. On the virtual clock of a script or of a
    /// simulated server, there is no thread, and the clock moves only while the calling thread waits.
    ///
    /// ```
    /// use std::time::Duration;
    /// use teamwire_blocking::{
    ///     Client, Error, Script, feed::Waited, script::{Respond, v1::{expect, respond}}, scripted,
    /// };
    ///
    /// fn remind(client: &Client) -> Result<(), Error> {
    ///     let mut events = client.chats().chat("c1").new_messages(None);
    ///     loop {
    ///         match events.next_timeout(Duration::from_secs(60))? {
    ///             Waited::Event(event) => println!("{event:?}"),
    ///             Waited::TimedOut => drop(client.chats().chat("c1").post("Is anything new?")?),
    ///             Waited::Ended => return Ok(()),
    ///         }
    ///     }
    /// }
    /// # let silence = respond::no_updates("k0").delay(Duration::from_secs(20)).times(9);
    /// # let script = Script::new()
    /// #     .on(expect::message_updates("c1"), [respond::no_updates("k0"), silence])
    /// #     .then(expect::post("c1"), Respond::status(403));
    /// # remind(&scripted(&script)).expect_err("the script rejects the reminder");
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed.
    #[doc(alias = "try_next")]
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Waited<F::Event>, Error> {
        let until = self.backend.now().moment.saturating_add(timeout);
        self.next_within(Limit::Until(until))
    }

    /// Passes each event to `handler`, until the feed ends.
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed.
    #[doc(alias = "handler")]
    pub fn for_each(self, mut handler: impl FnMut(F::Event)) -> Result<(), Error> {
        self.try_for_each(|event| {
            handler(event);
            Ok(())
        })
    }

    /// Passes each event to `handler`, until that fails or the feed ends. A failure abandons the feed, as a drop does.
    ///
    /// # Errors
    ///
    /// Fails with the error of the handler, or the one that ends the feed.
    #[doc(alias = "handler")]
    pub fn try_for_each<E: From<Error>>(self, mut handler: impl FnMut(F::Event) -> Result<(), E>) -> Result<(), E> {
        for event in self {
            handler(event?)?;
        }
        Ok(())
    }

    /// Returns the feed itself, to be driven with others: see
    /// [`BlockingExecutor::drive`](crate::BlockingExecutor::drive). A request in progress is abandoned. After
    /// [`started`](Self::started), the event `Started` is not delivered any more.
    pub fn into_feed(self) -> F {
        self.feed
    }

    /// Returns the next event within the limit.
    pub(super) fn next_within(&mut self, limit: Limit<'_>) -> Result<Waited<F::Event>, Error> {
        if let Some(event) = self.first.take() {
            return Ok(Waited::Event(event));
        }
        if self.has_ended {
            return Ok(Waited::Ended);
        }
        let result = match self.delivery(limit) {
            Waited::Event(FeedSetEvent::Event(event)) => return Ok(Waited::Event(event)),
            Waited::TimedOut => return Ok(Waited::TimedOut),
            Waited::Event(FeedSetEvent::Ended(result)) => Some(result),
            // Also of kinds that do not exist yet.
            Waited::Event(_) | Waited::Ended => None,
        };
        self.has_ended = true;
        self.end = result.transpose()?;
        Ok(Waited::Ended)
    }

    /// Performs the steps of the feed until its next event or its end; `Ended` at the end of a script.
    fn delivery(&mut self, limit: Limit<'_>) -> Waited<FeedSetEvent<F::Event, F::Output>> {
        loop {
            // The feed is stopped before it is polled, so that an aborted request is not reported as a failure.
            if self.stop_handle.is_stopped() && !mem::replace(&mut self.stop_requested, true) {
                self.stop();
            }
            if self.pending.is_some() && !self.feed.has_events() {
                if !self.wait_for_reply(limit) && !self.has_to_stop() {
                    return Waited::TimedOut;
                }
                continue;
            }
            match self.feed.poll(self.backend.now()) {
                Step::Send(_, it) if !self.feed.is_list() && self.backend.has_ended(&it) => return Waited::Ended,
                Step::Send(ticket, exchange) => self.send(ticket, exchange, limit),
                Step::File(ticket, task) => {
                    let reply = Reply::File(self.backend.file(task));
                    self.feed.handle(self.backend.now(), ticket, reply);
                }
                Step::Sleep(until) => {
                    let end = limit.until().map_or(until, |limit| limit.min(until));
                    self.backend.sleep(end, self.stop_of_wait(limit).as_ref());
                    let is_late = |limit| limit < until && limit <= self.backend.now().moment;
                    let is_interrupted = matches!(limit, Limit::Interrupt(interrupt, _) if interrupt.is_stopped());
                    let is_over = is_interrupted || limit.until().is_some_and(is_late);
                    if is_over && !self.has_to_stop() {
                        return Waited::TimedOut;
                    }
                }
                Step::Event(event) => return Waited::Event(FeedSetEvent::Event(event)),
                Step::Done(result) => return Waited::Event(FeedSetEvent::Ended(result)),
            }
        }
    }

    /// Performs a request. While there are events, or if the wait has a limit, it is only begun.
    fn send(&mut self, ticket: Ticket, exchange: Box<Exchange>, limit: Limit<'_>) {
        if matches!(limit, Limit::Never) && !self.feed.has_events() {
            let reply = self.backend.perform(exchange, self.stop_of_wait(limit).as_ref());
            self.feed.handle(self.backend.now(), ticket, reply);
        } else {
            self.pending = Some((ticket, self.backend.begin(exchange)));
        }
    }

    /// Waits for the reply to the pending request, and passes it to the feed. Returns `false` if there is none yet.
    fn wait_for_reply(&mut self, limit: Limit<'_>) -> bool {
        let Some((ticket, mut pending)) = self.pending.take() else { return true };
        let Some(reply) = pending.wait(limit.until(), self.stop_of_wait(limit).as_ref()) else {
            self.pending = Some((ticket, pending));
            return false;
        };
        self.feed.handle(self.backend.now(), ticket, reply);
        true
    }

    /// Stops the feed, unless its last poll has done so. A pending request is abandoned, unless it has just completed.
    fn stop(&mut self) {
        self.wait_for_reply(Limit::Until(self.backend.now().moment));
        if !self.feed.is_stopped() {
            self.pending = None;
            self.feed.stop(self.backend.now());
        }
    }

    /// Returns `true` if the handle has been stopped, but the feed has not.
    fn has_to_stop(&self) -> bool {
        self.stop_handle.is_stopped() && !self.stop_requested
    }

    /// Returns the handle that ends a wait. After the stop, that is not the handle of the feed, so that the request
    /// that ends the subscription is not stopped.
    fn stop_of_wait(&self, limit: Limit<'_>) -> Option<StopHandle> {
        let of_feed = Some(&self.stop_handle).filter(|_| !(self.stop_requested || self.feed.is_stopped()));
        match (limit, of_feed) {
            (Limit::Interrupt(interrupt, _), Some(stop)) => Some(StopHandle::any([interrupt, stop])),
            (Limit::Interrupt(interrupt, _), None) => Some(interrupt.clone()),
            (Limit::Never | Limit::Until(_), of_feed) => of_feed.cloned(),
        }
    }
}

impl<T, F: Feed<Event = FeedEvent<T>>> Events<F> {
    /// Waits until the feed has started, so that it misses nothing that happens from here on: for a bot that posts, and
    /// then waits for reactions. A feed that resumes at a checkpoint has started already.
    ///
    /// The events are delivered afterwards as usual, with [`Started`](FeedEvent::Started). Only failed requests until
    /// then are not: they are retried, and an [observer](crate::observe) sees them. The wait ends when the feed is
    /// [stopped](Self::stop_handle).
    ///
    /// ```
    /// use teamwire_blocking::{
    ///     AlertType, Client, Draft, Error, Script, User, script::v1::{expect, respond, sample}, scripted,
    /// };
    ///
    /// fn first_reaction(client: &Client) -> Result<Option<User>, Error> {
    ///     let mut events = client.chats().reaction_updates(None);
    ///     events.started()?;
    ///     let alert = client.chats().chat("c1").post(Draft::text("Pump 3 is down").alert(AlertType::Alert))?;
    ///     for event in events {
    ///         if let Some(reaction) = event?.into_item().filter(|reaction| reaction.mid == alert.mid) {
    ///             return Ok(Some(reaction.from_user));
    ///         }
    ///     }
    ///     Ok(None)
    /// }
    ///
    /// let script = Script::new()
    ///     .then(expect::subscribe_reactions(), respond::subscription("s1", "k0"))
    ///     .then(expect::post("c1"), respond::message(sample::alert("m1", "c1", "Pump 3 is down")))
    ///     .then(
    ///         expect::reaction_updates().cursor("k0"),
    ///         respond::reaction_updates([sample::reaction("r1", "m1", "c1", "ok")], "k1"),
    ///     );
    /// assert_eq!(first_reaction(&scripted(&script))?.expect("a user").first_name, "Anna");
    /// script.assert_done();
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed, and with `Cancelled` if it is stopped before it has started.
    pub fn started(&mut self) -> Result<(), Error> {
        while self.first.is_none() && !self.feed.has_started() {
            match self.next_within(Limit::Never)? {
                Waited::Event(FeedEvent::Retrying(_)) => {}
                Waited::Event(event) => self.first = Some(event),
                Waited::TimedOut | Waited::Ended => return Err(Cause::Cancelled { outcome_unknown: false }.into()),
            }
        }
        Ok(())
    }
}

impl<F: Feed> Iterator for Events<F> {
    type Item = Result<F::Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        // Without a limit, the wait does not time out.
        self.next_within(Limit::Never).map(Waited::event).transpose()
    }
}

impl<F: Feed> fmt::Debug for Events<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("stop_handle", &self.stop_handle).finish_non_exhaustive()
    }
}
