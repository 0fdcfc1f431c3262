use core::{convert::Infallible, time::Duration};

use crate::{
    effect::{Moment, Now},
    error::{Cause, Error, GaveUp},
    flow::call::deadline_passed,
    machine::{Machine, Reply, Step, Ticket},
    session::Session,
};

/// A wait of a program, on the clock of its executor. It starts with the first poll.
#[derive(Debug)]
pub(crate) struct Pause {
    session: Session,
    state: State,
}

#[derive(Debug)]
enum State {
    Ready(Duration),
    Waiting(Moment),
    Finished,
}

impl Pause {
    pub(crate) fn new(session: &Session, time: Duration) -> Self {
        Self { session: session.clone(), state: State::Ready(time) }
    }

    fn end(&mut self, result: Result<(), Error>) -> Step<Infallible, Result<(), Error>> {
        self.state = State::Finished;
        Step::Done(result)
    }
}

impl Machine for Pause {
    type Event = Infallible;
    type Output = ();

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<(), Error>> {
        let until = match self.state {
            State::Ready(time) => now.moment.saturating_add(time),
            State::Waiting(until) => until,
            State::Finished => return Step::Done(Err(Error::finished())),
        };
        if self.session.is_stopped() {
            let cancelled = Error::from(Cause::Cancelled { outcome_unknown: false });
            return self.end(Err(cancelled.after(0, GaveUp::Cancelled)));
        }
        // As with every wait, it is not started if it would not end in time.
        if self.session.deadline().is_some_and(|deadline| deadline < until) {
            return self.end(Err(deadline_passed().after(0, GaveUp::Deadline)));
        }
        if now.moment >= until {
            return self.end(Ok(()));
        }
        self.state = State::Waiting(until);
        Step::Sleep(until)
    }

    fn handle(&mut self, _: Now, _: Ticket, _: Reply) {}
}
