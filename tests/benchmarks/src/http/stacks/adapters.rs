//! The adapters, as programs use them.

use std::hint::black_box;

use teamwire_core::{Config, Credentials};

use crate::http::{
    Verb,
    responses::{self, TID},
    worker::{AsyncWorker, Worker},
};

#[derive(Clone)]
pub(crate) struct Blocking(teamwire_blocking::Client);

#[derive(Clone)]
pub(crate) struct AsyncStd(teamwire_async_std::Client);

impl Blocking {
    pub(crate) fn new(port: u16) -> Self {
        Self(teamwire_blocking::client(config(port)).expect("the configuration is valid"))
    }
}

impl AsyncStd {
    pub(crate) fn new(port: u16) -> Self {
        Self(teamwire_async_std::client(config(port)).expect("the configuration is valid"))
    }
}

impl Worker for Blocking {
    fn request(&mut self, verb: Verb) {
        let chats = self.0.chats();
        match verb {
            Verb::Get => {
                drop(black_box(chats.by_thread_id(TID).expect("the request succeeds").expect("the chat exists")));
            }
            Verb::Post => drop(black_box(chats.chat(TID).post(responses::text()).expect("the request succeeds"))),
        }
    }
}

impl AsyncWorker for AsyncStd {
    async fn request(&mut self, verb: Verb) {
        let chats = self.0.chats();
        match verb {
            Verb::Get => {
                drop(black_box(chats.by_thread_id(TID).await.expect("the request succeeds").expect("the chat exists")));
            }
            Verb::Post => drop(black_box(chats.chat(TID).post(responses::text()).await.expect("the request succeeds"))),
        }
    }
}

/// Returns the default configuration.
fn config(port: u16) -> Config {
    let credentials = Credentials::new("app-id", "secret-of-the-bot").expect("the credentials are valid");
    Config::new(&format!("http://127.0.0.1:{port}"), credentials).expect("the URL is valid")
}
