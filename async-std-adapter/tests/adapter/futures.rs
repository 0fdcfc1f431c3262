//! Traits of clients and futures, and futures that are never awaited.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use async_std::task;
use teamwire_async_std::{
    AsyncExecutor, AsyncStd, Chat, ChatRef, Chats, Client, Contacts, Draft, Error, FeedOptions, Script, User,
    model::{NewAttachment, Upload},
    script::{Expect, Respond, sample},
    scripted, scripted_on,
};

use teamwire_test_support::Server;

use crate::support::{Probe, client, me};

/// Typical use of a client in a program.
#[derive(Clone, Debug)]
struct Bot {
    client: Client,
    rooms: Vec<ChatRef>,
    open: Option<Chat>,
}

impl Bot {
    async fn greet_all(&self) -> Result<usize, Error> {
        for room in &self.rooms {
            room.post("hello").await?;
        }
        Ok(self.rooms.len())
    }
}

const fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn clients_and_their_parts_can_be_kept_anywhere() {
    const fn lives_anywhere<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    lives_anywhere::<AsyncStd>();
    lives_anywhere::<Client>();
    lives_anywhere::<Chats>();
    lives_anywhere::<Contacts>();
    lives_anywhere::<ChatRef>();
    lives_anywhere::<Chat>();
    lives_anywhere::<Bot>();
    lives_anywhere::<Vec<Client>>();
    lives_anywhere::<Client<Probe>>();
    lives_anywhere::<AsyncExecutor<Probe>>();
}

#[test]
fn futures_can_be_spawned() {
    let posted = |text| Respond::json(201, sample::message("m", "c", text));
    let script = Script::new().always(Expect::post("/v1/chats/c1/messages"), posted("hello"));
    let client = scripted(&script);
    let bot = Bot { rooms: vec![client.chats().chat("c1"), client.chats().chat("c1")], client, open: None };

    let greeting = task::spawn({
        let bot = bot.clone();
        async move { bot.greet_all().await }
    });
    assert_eq!(task::block_on(greeting).expect("the script has it"), 2);
    drop(is_send(bot.client.contacts().me()));
    drop(is_send(bot.rooms[0].post("x")));
    drop(is_send(bot.greet_all()));
    drop(is_send(bot.client.chats().by_thread_id("c1")));
    drop(is_send(bot.client.chats().new_messages(FeedOptions::from_now()).next()));
    drop(is_send(bot.client.chats().new_messages(FeedOptions::from_now()).for_each(async |_| {})));
    drop(is_send(bot.rooms[0].post(Draft::text("x").attach(NewAttachment::file(Upload::from_path("x"))))));
    assert!(bot.open.is_none());
}

#[test]
fn operation_does_nothing_before_it_is_awaited() {
    let server = Server::always(me());
    let client = client(&server);
    drop(client.contacts().me());
    assert_eq!(server.connections(), 0);

    let script = Script::new();
    drop(scripted(&script).contacts().me());
    assert!(script.requests().is_empty());
}

#[test]
fn scripted_operation_is_ready_when_it_is_asked() {
    let script = Script::new().then(Expect::get("/v1/me"), Respond::json(200, sample::bot()));
    let client: Client<Probe> = scripted_on(&script);
    let mut me = pin!(client.contacts().me());
    let ready = me.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(ready, Poll::Ready(Ok(User { .. }))));
    script.assert_done();
}
