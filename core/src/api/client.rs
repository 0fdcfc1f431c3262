//! The way in.

use crate::{
    api::{Chats, Contacts},
    config::Config,
    executor::Executor,
};

/// A bot's connection to its backend. Clones are the same connection.
#[derive(Clone, Debug)]
pub struct Client<X> {
    chats: Chats<X>,
    contacts: Contacts<X>,
}

impl<X: Executor> Client<X> {
    /// A client that has this executor perform its requests. Nothing is sent yet.
    pub fn new(executor: X) -> Self {
        Self { chats: Chats::new(executor.clone()), contacts: Contacts::new(executor) }
    }

    /// The chats of the bot.
    pub const fn chats(&self) -> &Chats<X> {
        &self.chats
    }

    /// The users and groups that the bot can see.
    pub const fn contacts(&self) -> &Contacts<X> {
        &self.contacts
    }

    /// The options it goes by.
    pub fn config(&self) -> &Config {
        self.executor().session().config()
    }

    /// What performs its requests.
    pub const fn executor(&self) -> &X {
        self.contacts.executor()
    }
}
