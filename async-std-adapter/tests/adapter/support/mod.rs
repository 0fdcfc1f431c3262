//! What the tests are made of.

mod canned;
mod files;
mod probe;
mod server;

use std::convert::Infallible;

use async_std::task;
use teamwire_async_std::{
    ByHand, Client, Config, Credentials, Error, Exchange, Executor, Fault, Machine, Now, Reply, Response, RetryPolicy,
    Runtime, Step, Ticket, script::sample,
};

pub(crate) use self::{
    canned::Canned,
    files::{Folder, pattern},
    probe::{Fits, Probe},
    server::{Peer, Request, Server, answer},
};

pub(crate) const SECRET: &str = "the secret of the bot";

/// Options for this backend, with one attempt for each operation.
pub(crate) fn config(url: &str) -> Config {
    let credentials = Credentials::new("app", SECRET).expect("credentials");
    Config::new(url, credentials).expect("a URL").with_retry(RetryPolicy::NEVER)
}

pub(crate) fn client(server: &Server) -> Client {
    teamwire_async_std::client(config(&server.url())).expect("options that work")
}

/// The answer that says who the bot is.
pub(crate) fn me() -> String {
    answer(200, &sample::bot().to_string())
}

/// Gives this answer to every request on every connection.
pub(crate) fn always(answer: impl Into<String>) -> Server {
    let answer = answer.into();
    Server::start(move |_, mut peer| while peer.request().is_some_and(|_| peer.send(&answer)) {})
}

/// Asks who the bot is, as often as the core thinks right.
pub(crate) fn ask<R: Runtime>(client: &Client<R>) -> Result<String, Error> {
    task::block_on(client.contacts().me()).map(|user| user.first_name)
}

/// Asks the same exactly once, and shows what the core does not. `change` makes another request of it.
pub(crate) fn perform<R: Runtime>(client: &Client<R>, change: impl FnOnce(&mut Exchange)) -> Result<Response, Fault> {
    let now = client.executor().now();
    let by_hand = teamwire_core::Client::new(ByHand::new(client.config().clone(), [7; 32], now));
    let Step::Send(ticket, mut exchange) = by_hand.contacts().me().poll(now) else { panic!("a request") };
    change(&mut exchange);
    let once = Once { request: Some((ticket, exchange)), reply: None };
    match task::block_on(client.executor().run(once)).expect("it cannot fail") {
        Reply::Response(response) => Ok(response),
        Reply::Fault(fault) => Err(fault),
        Reply::File(_) => panic!("no file was asked for"),
    }
}

/// As [`perform`], of a request that is to fail.
pub(crate) fn fault<R: Runtime>(client: &Client<R>) -> Fault {
    perform(client, |_| {}).expect_err("it is to fail")
}

/// An operation of one request that ends with the reply as it is.
struct Once {
    request: Option<(Ticket, Box<Exchange>)>,
    reply: Option<Reply>,
}

impl Machine for Once {
    type Event = Infallible;
    type Output = Reply;

    fn poll(&mut self, _: Now) -> Step<Infallible, Result<Reply, Error>> {
        match (self.request.take(), self.reply.take()) {
            (Some((ticket, exchange)), _) => Step::Send(ticket, exchange),
            (None, Some(reply)) => Step::Done(Ok(reply)),
            (None, None) => Step::Done(Err(Error::Finished)),
        }
    }

    fn handle(&mut self, _: Now, _: Ticket, reply: Reply) {
        self.reply = Some(reply);
    }
}
