use std::{fmt, sync::Arc};

use teamwire_core::{Delivery, Error, Executor, Feed, Reply, Script, Step, script};

use super::{Stopper, Transport};
use crate::{Clock, files};

/// The events of a feed, as they come: an iterator that waits for the next one. It ends when the feed does; if that is by an
/// error, the error is its last item.
///
/// Dropping it gives the feed up: nothing more is sent, and its subscription ends by itself within minutes.
pub struct Events<F: Feed> {
    means: Means<F>,
    stopper: Stopper,
    end: Option<F::Output>,
}

enum Means<F: Feed> {
    Network(Box<Following<F>>),
    Script(Box<script::Events<F>>),
    Over,
}

struct Following<F> {
    feed: F,
    clock: Clock,
    transport: Arc<dyn Transport>,
    /// For what is sent after the other one was told to give up.
    farewell: Arc<dyn Transport>,
    told_to_stop: bool,
}

impl<F: Feed> Events<F> {
    /// Follows the feed with a transport of its own. What it sends after it was stopped goes by the other one.
    pub fn new(feed: F, clock: Clock, transport: Arc<dyn Transport>, farewell: Arc<dyn Transport>) -> Self {
        let stopper = Stopper::new(Some(transport.clone()));
        let following = Following { feed, clock, transport, farewell, told_to_stop: false };
        Self { means: Means::Network(Box::new(following)), stopper, end: None }
    }

    /// Follows what the script says.
    pub fn scripted(feed: F, script: &Script) -> Self
    where
        F: 'static,
    {
        Self { means: Means::Script(Box::new(script.events(feed))), stopper: Stopper::new(None), end: None }
    }

    /// What ends the feed from another thread.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// How the feed ended; `None` as long as it has not, and if it was by an error.
    pub const fn end(&self) -> Option<&F::Output> {
        self.end.as_ref()
    }

    /// Hands each event to `handler`, until the feed ends.
    #[doc(alias = "handler")]
    pub fn for_each(mut self, mut handler: impl FnMut(F::Event)) -> Result<(), Error> {
        self.try_for_each(|event| event.map(&mut handler))
    }

    fn ended(&mut self, result: Result<F::Output, Error>) -> Option<Result<F::Event, Error>> {
        self.means = Means::Over;
        match result {
            Ok(end) => {
                self.end = Some(end);
                None
            }
            Err(error) => Some(Err(error)),
        }
    }
}

impl<F: Feed> Iterator for Events<F> {
    type Item = Result<F::Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let step = match &mut self.means {
                Means::Over => return None,
                Means::Network(following) => following.step(&self.stopper),
                Means::Script(events) => {
                    if self.stopper.is_stopped() {
                        events.stop();
                    }
                    return events.next();
                }
            };
            match step {
                Some(Delivery::Event(event)) => return Some(Ok(event)),
                Some(Delivery::Ended(result)) => return self.ended(result),
                _ => {}
            }
        }
    }
}

impl<F: Feed> Following<F> {
    /// Carries out the feed's next step; what it delivers, if it is that.
    fn step(&mut self, stopper: &Stopper) -> Option<Delivery<F::Event, F::Output>> {
        if stopper.is_stopped() {
            self.stop();
        }
        match self.feed.poll(self.clock.now()) {
            Step::Send(ticket, exchange) => {
                let transport = if self.told_to_stop { &self.farewell } else { &self.transport };
                let reply = transport.perform(*exchange);
                // What arrived is taken; that something did not, after it was told to give up, is no trouble.
                if stopper.is_stopped() && matches!(reply, Reply::Fault(_)) {
                    self.stop();
                }
                self.feed.handle(self.clock.now(), ticket, reply);
                None
            }
            Step::File(ticket, task) => {
                self.feed.handle(self.clock.now(), ticket, Reply::File(files::perform(&task)));
                None
            }
            Step::Sleep(until) => {
                stopper.wait(Some(self.clock.until(until)));
                None
            }
            Step::Event(event) => Some(Delivery::Event(event)),
            Step::Done(result) => Some(Delivery::Ended(result)),
        }
    }

    fn stop(&mut self) {
        if !self.told_to_stop {
            self.told_to_stop = true;
            self.feed.stop(self.clock.now());
        }
    }
}

impl<F: Feed> fmt::Debug for Events<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("stopper", &self.stopper).finish_non_exhaustive()
    }
}
