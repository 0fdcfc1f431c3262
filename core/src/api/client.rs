//! The entry point.

use crate::{
    api::{Chats, Contacts},
    config::Config,
    executor::Executor,
};

/// The entry point: a bot at its backend. Clones share the executor and its connections.
#[derive(Clone, Debug)]
pub struct Client<X> {
    chats: Chats<X>,
    contacts: Contacts<X>,
}

impl<X: Executor> Client<X> {
    /// Creates a client on this executor. No request is sent yet.
    pub fn new(executor: X) -> Self {
        Self { chats: Chats::new(executor.clone()), contacts: Contacts::new(executor) }
    }

    /// Operations on the bot's chats.
    pub const fn chats(&self) -> &Chats<X> {
        &self.chats
    }

    /// The users and groups that the bot can see.
    pub const fn contacts(&self) -> &Contacts<X> {
        &self.contacts
    }

    /// This client's configuration.
    pub fn config(&self) -> &Config {
        self.executor().session().config()
    }

    /// This client's executor.
    pub const fn executor(&self) -> &X {
        self.contacts.executor()
    }
}
