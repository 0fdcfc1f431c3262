//! Combinators over operations: [`Map`] changes the answer, [`Then`] continues with another operation, [`Begun`] begins with the
//! time, [`Given`] with what is known already, [`Perhaps`] leaves one out, [`Either`] is one of two.

use alloc::boxed::Box;
use core::convert::Infallible;

use crate::{
    clock::Now,
    error::Error,
    machine::{Flow, Machine, Reply, Step, Ticket},
};

/// An operation whose answer goes through a function: see [`Flow::map`].
#[derive(Debug)]
pub struct Map<A, F> {
    flow: A,
    /// Gone once it was called, that is, after the end.
    f: Option<F>,
}

impl<A, F> Map<A, F> {
    pub(crate) const fn new(flow: A, f: F) -> Self {
        Self { flow, f: Some(f) }
    }
}

impl<A, F, T> Machine for Map<A, F>
where
    A: Flow,
    F: FnOnce(A::Output) -> T + Send,
    T: Send,
{
    type Event = Infallible;
    type Output = T;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<T, Error>> {
        match self.flow.poll(now).answer() {
            Ok(answer) => {
                Step::Done(answer.and_then(|answer| self.f.take().map_or(Err(Error::Finished), |f| Ok(f(answer)))))
            }
            Err(step) => step,
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.flow.handle(now, ticket, reply);
    }
}

/// An operation whose outcome is looked at when it comes, together with the time.
#[derive(Debug)]
pub(crate) struct Noted<A, F> {
    flow: A,
    note: F,
}

impl<A, F> Noted<A, F> {
    pub(crate) const fn new(flow: A, note: F) -> Self {
        Self { flow, note }
    }
}

impl<A, F> Machine for Noted<A, F>
where
    A: Flow,
    F: FnMut(Now, Result<&A::Output, &Error>) + Send,
{
    type Event = Infallible;
    type Output = A::Output;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<A::Output, Error>> {
        let step = self.flow.poll(now);
        if let Step::Done(outcome) = &step {
            (self.note)(now, outcome.as_ref());
        }
        step
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.flow.handle(now, ticket, reply);
    }
}

/// One operation and then another: see [`Flow::then`].
#[derive(Debug)]
pub struct Then<A, B, F> {
    at: At<A, B>,
    f: Option<F>,
}

#[derive(Debug)]
enum At<A, B> {
    First(A),
    Second(B),
}

impl<A, B, F> Then<A, B, F> {
    pub(crate) const fn new(first: A, f: F) -> Self {
        Self { at: At::First(first), f: Some(f) }
    }
}

impl<A, B, F> Machine for Then<A, B, F>
where
    A: Flow,
    B: Flow,
    F: FnOnce(A::Output) -> B + Send,
{
    type Event = Infallible;
    type Output = B::Output;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<B::Output, Error>> {
        if let At::First(first) = &mut self.at {
            let answer = match first.poll(now).answer() {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => return Step::Done(Err(error)),
                Err(step) => return step,
            };
            match self.f.take() {
                Some(f) => self.at = At::Second(f(answer)),
                None => return Step::Done(Err(Error::Finished)),
            }
        }
        match &mut self.at {
            At::Second(second) => second.poll(now),
            At::First(_) => Step::Done(Err(Error::Finished)),
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.at {
            At::First(first) => first.handle(now, ticket, reply),
            At::Second(second) => second.handle(now, ticket, reply),
        }
    }
}

/// An operation that is made when it begins, for one that depends on the time.
#[derive(Debug)]
pub(crate) struct Begun<A, F> {
    /// `None` before its beginning.
    flow: Option<A>,
    /// Gone after its beginning.
    f: Option<F>,
}

impl<A, F> Begun<A, F> {
    pub(crate) const fn new(f: F) -> Self {
        Self { flow: None, f: Some(f) }
    }
}

impl<A, F> Machine for Begun<A, F>
where
    A: Flow,
    F: FnOnce(Now) -> A + Send,
{
    type Event = Infallible;
    type Output = A::Output;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<A::Output, Error>> {
        if let Some(f) = self.f.take() {
            self.flow = Some(f(now));
        }
        self.flow.as_mut().map_or(Step::Done(Err(Error::Finished)), |flow| flow.poll(now))
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        if let Some(flow) = &mut self.flow {
            flow.handle(now, ticket, reply);
        }
    }
}

/// An operation that has its answer already, or was refused.
#[derive(Debug)]
pub(crate) struct Given<T>(Option<Result<T, Error>>);

impl<T> Given<T> {
    pub(crate) const fn new(answer: Result<T, Error>) -> Self {
        Self(Some(answer))
    }
}

impl<T: Send> Machine for Given<T> {
    type Event = Infallible;
    type Output = T;

    fn poll(&mut self, _: Now) -> Step<Infallible, Result<T, Error>> {
        Step::Done(self.0.take().unwrap_or(Err(Error::Finished)))
    }

    fn handle(&mut self, _: Now, _: Ticket, _: Reply) {}
}

/// An operation that is left out if there is none.
#[derive(Debug)]
pub(crate) enum Perhaps<A> {
    Some(A),
    None(Given<()>),
}

impl<A> Perhaps<A> {
    pub(crate) fn new(flow: Option<A>) -> Self {
        flow.map_or(Self::None(Given::new(Ok(()))), Self::Some)
    }
}

impl<A: Flow> Machine for Perhaps<A> {
    type Event = Infallible;
    type Output = Option<A::Output>;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Option<A::Output>, Error>> {
        match self {
            Self::Some(flow) => flow.poll(now).answer().map_or_else(|step| step, |answer| Step::Done(answer.map(Some))),
            Self::None(nothing) => {
                nothing.poll(now).answer().map_or_else(|step| step, |answer| Step::Done(answer.map(|()| None)))
            }
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        if let Self::Some(flow) = self {
            flow.handle(now, ticket, reply);
        }
    }
}

/// One operation or another, with answers of the same kind.
#[derive(Debug)]
pub(crate) enum Either<A, B> {
    /// What is usual.
    Plain(A),
    /// What is large and seldom: it takes no room where it is not.
    Boxed(Box<B>),
}

impl<A: Flow, B: Flow<Output = A::Output>> Machine for Either<A, B> {
    type Event = Infallible;
    type Output = A::Output;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<A::Output, Error>> {
        match self {
            Self::Plain(flow) => flow.poll(now),
            Self::Boxed(flow) => flow.poll(now),
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match self {
            Self::Plain(flow) => flow.handle(now, ticket, reply),
            Self::Boxed(flow) => flow.handle(now, ticket, reply),
        }
    }
}
