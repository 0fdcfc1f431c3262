//! Combinators of operations: [`Map`] converts the output, [`Then`] chains a second operation, [`Inspect`] observes the
//! result, [`MapError`] changes the error, [`Lazy`] creates the operation when it starts, [`IgnoreResult`] ignores a
//! result, and [`MaybeReady`] may have it already.

use core::convert::Infallible;

use crate::{
    effect::Now,
    error::Error,
    flow::ready,
    machine::{Machine, Reply, Step, Ticket},
};

/// An operation: a machine that delivers no events and has one output.
pub trait Flow: Machine<Event = Infallible> {
    /// Converts the output.
    fn map<T, F>(self, f: F) -> Map<Self, F>
    where
        Self: Sized,
        T: Send,
        F: FnOnce(Self::Output) -> T + Send,
    {
        Map::new(self, f)
    }

    /// Chains a second operation, built from the output of this one.
    fn then<B, F>(self, f: F) -> Then<Self, B, F>
    where
        Self: Sized,
        B: Flow,
        F: FnOnce(Self::Output) -> B + Send,
    {
        Then::new(self, f)
    }
}

impl<M: Machine<Event = Infallible> + ?Sized> Flow for M {}

/// An operation whose output is converted: see [`Flow::map`].
#[derive(Debug)]
pub struct Map<A, F> {
    flow: A,
    /// `None` after it has been called.
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
        let result = ready!(self.flow.poll(now));
        Step::Done(result.and_then(|output| self.f.take().map(|f| f(output)).ok_or_else(Error::finished)))
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.flow.handle(now, ticket, reply);
    }
}

/// Calls a closure with the result of an operation and the time of its completion.
#[derive(Debug)]
pub(crate) struct Inspect<A, F> {
    flow: A,
    f: F,
}

impl<A, F> Inspect<A, F> {
    pub(crate) const fn new(flow: A, f: F) -> Self {
        Self { flow, f }
    }
}

impl<A, F> Machine for Inspect<A, F>
where
    A: Flow,
    F: FnMut(Now, Result<&A::Output, &Error>) + Send,
{
    type Event = Infallible;
    type Output = A::Output;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<A::Output, Error>> {
        let step = self.flow.poll(now);
        if let Step::Done(outcome) = &step {
            (self.f)(now, outcome.as_ref());
        }
        step
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.flow.handle(now, ticket, reply);
    }
}

/// An operation whose error is changed.
#[derive(Debug)]
pub(crate) struct MapError<A, F> {
    flow: A,
    f: F,
}

impl<A, F: FnMut(&mut Error)> MapError<A, F> {
    pub(crate) const fn new(flow: A, f: F) -> Self {
        Self { flow, f }
    }
}

impl<A: Flow, F: FnMut(&mut Error) + Send> Machine for MapError<A, F> {
    type Event = Infallible;
    type Output = A::Output;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<A::Output, Error>> {
        let mut step = self.flow.poll(now);
        if let Step::Done(Err(error)) = &mut step {
            (self.f)(error);
        }
        step
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.flow.handle(now, ticket, reply);
    }
}

/// Two operations in sequence: see [`Flow::then`].
#[derive(Debug)]
pub struct Then<A, B, F> {
    state: State<A, B>,
    f: Option<F>,
}

#[derive(Debug)]
enum State<A, B> {
    First(A),
    Second(B),
}

impl<A, B, F> Then<A, B, F> {
    pub(crate) const fn new(first: A, f: F) -> Self {
        Self { state: State::First(first), f: Some(f) }
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
        if let State::First(first) = &mut self.state {
            match (ready!(first.poll(now)), self.f.take()) {
                (Ok(output), Some(f)) => self.state = State::Second(f(output)),
                (Err(error), _) => return Step::Done(Err(error)),
                (Ok(_), None) => return Step::Done(Err(Error::finished())),
            }
        }
        match &mut self.state {
            State::Second(second) => second.poll(now),
            State::First(_) => Step::Done(Err(Error::finished())),
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.state {
            State::First(first) => first.handle(now, ticket, reply),
            State::Second(second) => second.handle(now, ticket, reply),
        }
    }
}

/// An operation that is created by its first poll, because it depends on the time.
#[derive(Debug)]
pub(crate) struct Lazy<A, F> {
    /// `None` before the first poll.
    flow: Option<A>,
    /// `None` after it has been called.
    f: Option<F>,
}

impl<A, F> Lazy<A, F> {
    pub(crate) const fn new(f: F) -> Self {
        Self { flow: None, f: Some(f) }
    }
}

impl<A, F> Machine for Lazy<A, F>
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
        self.flow.as_mut().map_or_else(|| Step::Done(Err(Error::finished())), |flow| flow.poll(now))
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        if let Some(flow) = &mut self.flow {
            flow.handle(now, ticket, reply);
        }
    }
}

/// An optional operation whose result is ignored: the output is a given value.
#[derive(Debug)]
pub(crate) struct IgnoreResult<A, T> {
    flow: Option<A>,
    value: Option<T>,
}

impl<A, T> IgnoreResult<A, T> {
    pub(crate) const fn new(flow: Option<A>, value: T) -> Self {
        Self { flow, value: Some(value) }
    }
}

impl<A: Flow, T: Send> Machine for IgnoreResult<A, T> {
    type Event = Infallible;
    type Output = T;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<T, Error>> {
        if let Some(flow) = &mut self.flow {
            let _ = ready!(flow.poll(now));
            self.flow = None;
        }
        Step::Done(self.value.take().ok_or_else(Error::finished))
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        if let Some(flow) = &mut self.flow {
            flow.handle(now, ticket, reply);
        }
    }
}

/// An operation, or its result if that is known already.
#[derive(Debug)]
pub(crate) enum MaybeReady<A, T> {
    Flow(A),
    /// `None` after it has been returned.
    Result(Option<Result<T, Error>>),
}

impl<A, T> MaybeReady<A, T> {
    pub(crate) const fn unknown(flow: A) -> Self {
        Self::Flow(flow)
    }

    pub(crate) const fn result(result: Result<T, Error>) -> Self {
        Self::Result(Some(result))
    }
}

impl<A: Flow<Output = T>, T: Send> Machine for MaybeReady<A, T> {
    type Event = Infallible;
    type Output = T;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<T, Error>> {
        match self {
            Self::Flow(flow) => flow.poll(now),
            Self::Result(result) => Step::Done(result.take().unwrap_or_else(|| Err(Error::finished()))),
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        if let Self::Flow(flow) = self {
            flow.handle(now, ticket, reply);
        }
    }
}
