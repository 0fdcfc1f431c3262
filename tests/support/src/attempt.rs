//! Exchanges whose outcome the core does not interpret.

use std::convert::Infallible;

use teamwire_core::{
    Client, Config, Credentials, Error,
    config::RetryPolicy,
    effect::{Exchange, Now},
    executor::{Executor, Manual},
    machine::{Machine, Reply, Step, Ticket},
};

/// Options for this backend, with one attempt for each operation. The key is `app-id` and `the secret`.
///
/// # Panics
/// If it is not a URL.
pub fn config(url: &str) -> Config {
    let credentials = Credentials::new("app-id", "the secret").expect("they are valid");
    Config::new_insecure(url, credentials).expect("it is a URL").with_retry(RetryPolicy::NEVER)
}

/// Performs the exchange that requests the bot's user, with these changes.
///
/// # Panics
/// Never: the first step of that operation is its request.
pub fn attempt<X: Executor>(client: &Client<X>, change: impl FnOnce(&mut Exchange)) -> X::Run<'_, Reply> {
    let now = client.executor().now();
    let manual = Client::new(Manual::new(client.config().clone(), [7; 32], now));
    let Step::Send(ticket, mut exchange) = manual.contacts().me().poll(now) else { panic!("it sends a request") };
    change(&mut exchange);
    client.executor().run(Once { ticket, exchange, reply: None })
}

/// A machine of one exchange, which ends with its reply.
struct Once {
    ticket: Ticket,
    exchange: Box<Exchange>,
    reply: Option<Reply>,
}

impl Machine for Once {
    type Event = Infallible;
    type Output = Reply;

    fn poll(&mut self, _: Now) -> Step<Infallible, Result<Reply, Error>> {
        match self.reply.take() {
            Some(reply) => Step::Done(Ok(reply)),
            None => Step::Send(self.ticket, self.exchange.clone()),
        }
    }

    fn handle(&mut self, _: Now, _: Ticket, reply: Reply) {
        self.reply = Some(reply);
    }
}
