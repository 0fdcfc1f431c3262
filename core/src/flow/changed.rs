use alloc::boxed::Box;
use core::convert::Infallible;

use crate::{
    effect::Now,
    error::Error,
    flow::{Flow, call::Call, ready},
    machine::{Machine, Reply, Step, Ticket},
    model::{ChatInfo, ThreadId},
    session::Session,
};

/// A change of a chat. The output is the changed chat, which is fetched if the response does not contain it; `None` if
/// that fails, because the change has been made.
#[derive(Debug)]
pub(crate) struct Changed<F> {
    session: Session,
    chat: ThreadId,
    state: State<F>,
}

#[derive(Debug)]
enum State<F> {
    Changing(F),
    Fetching(Box<Call<Option<ChatInfo>>>),
}

impl<F: Flow<Output = Option<ChatInfo>>> Changed<F> {
    pub(crate) fn new(session: &Session, chat: &ThreadId, change: F) -> Self {
        Self { session: session.clone(), chat: chat.clone(), state: State::Changing(change) }
    }
}

impl<F: Flow<Output = Option<ChatInfo>>> Machine for Changed<F> {
    type Event = Infallible;
    type Output = Option<ChatInfo>;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Option<ChatInfo>, Error>> {
        loop {
            match &mut self.state {
                State::Changing(change) => match ready!(change.poll(now)) {
                    Ok(None) => {
                        let fetch = self.session.call(self.session.protocol().chat(&self.chat));
                        self.state = State::Fetching(Box::new(fetch));
                    }
                    outcome => return Step::Done(outcome),
                },
                State::Fetching(fetch) => return Step::Done(Ok(ready!(fetch.poll(now)).ok().flatten())),
            }
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.state {
            State::Changing(change) => change.handle(now, ticket, reply),
            State::Fetching(fetch) => fetch.handle(now, ticket, reply),
        }
    }
}
