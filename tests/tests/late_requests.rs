//! First attempts that are delayed on the network and arrive after newer changes: they change nothing.

use std::time::Duration;

use chrono::DateTime;
use http::Method;
use serde_json::Value;
use teamwire_core::{
    Chat, Client, Config, Credentials, Draft, NewChat,
    effect::{Body, Exchange, Moment, Now, Response, TransportError, TransportErrorKind},
    executor::Manual,
    flow::Flow,
    machine::{Reply, Step},
    model::{Coordinates, LiveLocation, ShareDuration},
};
use teamwire_sandbox::{Sandbox, org};

/// A bot whose requests are forwarded by the test.
struct Bot {
    client: Client<Manual>,
    /// Serves until the bot is dropped.
    _sandbox: Sandbox,
    agent: ureq::Agent,
}

impl Bot {
    fn new() -> Self {
        let sandbox = Sandbox::start().expect("loopback has a free port");
        let credentials = Credentials::new(sandbox.app_id(), sandbox.secret()).expect("they are good");
        let config = Config::new(&sandbox.url(), credentials).expect("it is a URL");
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        Self { client: Client::new(Manual::new(config, [7; 32], now(0))), _sandbox: sandbox, agent }
    }

    fn perform(&self, exchange: &Exchange) -> Response {
        let request = exchange.request.clone().map(|body| body.as_bytes().expect("it is in memory").to_vec());
        let (head, mut body) = self.agent.run(request).expect("the sandbox serves").into_parts();
        Response::from_parts(head, body.read_to_vec().expect("the response is whole"))
    }

    fn run<T: Send>(&self, mut flow: impl Flow<Output = T>) -> T {
        loop {
            match flow.poll(now(0)) {
                Step::Send(ticket, exchange) => flow.handle(now(0), ticket, Reply::Response(self.perform(&exchange))),
                Step::Done(result) => return result.unwrap_or_else(|error| panic!("{error}")),
                _ => panic!("it succeeds at once"),
            }
        }
    }

    /// Runs an operation, and holds back its first attempt. Returns that request.
    fn run_without_first(&self, mut flow: impl Flow<Output = ()>) -> Box<Exchange> {
        let Step::Send(ticket, held) = flow.poll(now(0)) else { panic!("it begins with a request") };
        flow.handle(
            now(0),
            ticket,
            Reply::Error(TransportError::new(TransportErrorKind::Timeout, "it is held back").with_sent(true)),
        );
        let Step::Sleep(_) = flow.poll(now(0)) else { panic!("it waits") };
        let Step::Send(ticket, again) = flow.poll(now(60)) else { panic!("it retries") };
        flow.handle(now(60), ticket, Reply::Response(self.perform(&again)));
        let Step::Done(Ok(())) = flow.poll(now(60)) else { panic!("the second attempt succeeds") };
        held
    }

    /// Delivers the delayed request. Asserts that its response is that of the second attempt.
    fn let_go(&self, held: &Exchange) {
        let status = self.perform(held).status();
        assert!(status.is_success(), "{status}");
    }

    fn chat(&self) -> Chat<Manual> {
        self.run(self.client.chats().create_chat(NewChat::titled("Night shift").user(org::ANNA)))
    }

    fn again(&self, chat: &Chat<Manual>) -> Chat<Manual> {
        self.run(self.client.chats().by_thread_id(chat.tid())).expect("it is there")
    }
}

fn now(seconds: u64) -> Now {
    Now::new(Moment::EPOCH.saturating_add(Duration::from_secs(seconds)), DateTime::UNIX_EPOCH)
}

fn place(lat: f64) -> Coordinates {
    Coordinates::new(lat, 0.0).expect("it is a place")
}

#[test]
fn patch_that_arrives_late_undoes_no_newer_one() {
    let bot = Bot::new();
    let mut chat = bot.chat();
    let held = [
        bot.run_without_first(chat.set_allow_sending(false)),
        bot.run_without_first(chat.set_allow_mute_notifications(false)),
        bot.run_without_first(chat.update_title("Day shift")),
    ];
    bot.run(chat.set_allow_sending(true));
    bot.run(chat.set_allow_mute_notifications(true));
    bot.run(chat.update_title("Late shift"));
    for held in &held {
        bot.let_go(held);
    }
    assert_eq!(bot.again(&chat).info(), chat.info());
    assert!(chat.allow_sending() && chat.allow_mute_notifications() && chat.title() == "Late shift");
}

#[test]
fn removed_admin_stays_removed() {
    let bot = Bot::new();
    let mut chat = bot.chat();
    let held = bot.run_without_first(chat.add_admin(org::ANNA));
    bot.run(chat.remove_admin(org::ANNA));
    bot.let_go(&held);
    assert_eq!(bot.again(&chat).admins().len(), 1, "the bot alone");
}

#[test]
fn no_position_is_older_than_the_one_shown() {
    let bot = Bot::new();
    let chat = bot.chat();
    bot.run(chat.post(Draft::new().attach(LiveLocation::new(place(0.0), ShareDuration::OneHour))));
    let held = bot.run_without_first(bot.client.chats().update_shared_location(place(1.0)));
    bot.run(bot.client.chats().update_shared_location(place(2.0)));
    bot.let_go(&held);
    let mut asked = held;
    *asked.request.method_mut() = Method::GET;
    *asked.request.body_mut() = Body::Empty;
    let shares: Value = serde_json::from_slice(bot.perform(&asked).body()).expect("it is JSON");
    assert_eq!(shares["items"][0]["lat"], 2.0, "{shares}");
}
