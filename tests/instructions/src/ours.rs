//! The operations on the core, driven by hand.

use std::{hint::black_box, iter, time::Duration};

use chrono::DateTime;
use http::{Response, header::CONTENT_TYPE};
use teamwire_core::{
    Client, Config, Credentials,
    effect::{Moment, Now},
    executor::Manual,
    feed::FeedEvent,
    flow::Flow,
    machine::{Machine, Reply, Step},
};

use crate::{
    json::{CHAT, TEXT},
    operation::Operation,
};

/// Performs an operation once per response body.
pub(crate) fn run(operation: Operation, bodies: Vec<Vec<u8>>) {
    let client = client();
    let chat = client.chats().chat(CHAT);
    match operation {
        Operation::Me => bodies.into_iter().for_each(|body| finish(client.contacts().me(), 200, body)),
        Operation::Post => bodies.into_iter().for_each(|body| finish(chat.post(TEXT), 201, body)),
        Operation::Page => bodies.into_iter().for_each(|body| finish(chat.messages(DateTime::UNIX_EPOCH), 200, body)),
        Operation::Batch => follow(client.chats().new_messages(None), bodies),
    }
}

fn client() -> Client<Manual> {
    let credentials = Credentials::new("app-of-the-bot", "secret-of-the-bot").expect("the credentials are valid");
    let config = Config::new("https://teamwire.example", credentials).expect("the URL is valid");
    Client::new(Manual::new(config, [7; 32], at(0)))
}

fn at(seconds: u64) -> Now {
    Now::new(Moment::from_epoch(Duration::from_secs(seconds)), DateTime::UNIX_EPOCH)
}

/// Drives a machine to its end.
fn finish<T>(mut machine: impl Flow<Output = T>, status: u16, body: Vec<u8>) {
    let mut body = Some(body);
    loop {
        match machine.poll(at(1)) {
            Step::Send(ticket, exchange) => {
                black_box(exchange);
                let body = body.take().expect("one request is needed");
                machine.handle(at(1), ticket, reply(status, body));
            }
            Step::Done(result) => {
                black_box(result.expect("the response is valid"));
                return;
            }
            Step::File(..) | Step::Sleep(_) | Step::Event(_) => unreachable!("only a request is needed"),
        }
    }
}

/// Follows a feed until it has delivered the events of all batches.
fn follow<T>(mut feed: impl Machine<Event = FeedEvent<T>>, bodies: Vec<Vec<u8>>) {
    let start = br#"{"items":[],"cursor":"start"}"#.to_vec();
    let (mut seconds, mut bodies) = (0, iter::once(start).chain(bodies));
    loop {
        match feed.poll(at(seconds)) {
            Step::Send(ticket, exchange) => {
                black_box(exchange);
                let Some(body) = bodies.next() else { return };
                seconds += 1;
                feed.handle(at(seconds), ticket, reply(200, body));
            }
            Step::Event(event) => {
                black_box(event);
            }
            Step::Sleep(_) => seconds += 1,
            Step::File(..) | Step::Done(_) => unreachable!("a feed neither has files nor an end"),
        }
    }
}

fn reply(status: u16, body: Vec<u8>) -> Reply {
    let response = Response::builder().status(status).header(CONTENT_TYPE, "application/json").body(body);
    Reply::Response(response.expect("the head is valid"))
}
