//! Feeds whose protocol sets the time between polls.

use std::time::Duration;

use http::Request;
use teamwire_core::{
    FeedEvent, FeedOptions, Message,
    effect::Body,
    executor::Manual,
    machine::{Machine, Step},
    protocol::{
        Assets, Attempt, Batch, Chats, Contacts, Endpoint, EndpointResult, FeedSource, Feeds, Locations, Members,
        Messages, PollRequest, Reactions, Refusal, ResponseReader, Route, Wire,
    },
};
use teamwire_tests::operations::{self, ENTROPY};

use crate::support::{at, response};

/// A protocol whose server is polled at this interval.
#[derive(Debug)]
struct Polled(Duration);

impl Wire for Polled {
    fn prepare(&self, _: &mut Request<Body>, _: &Attempt<'_>) {}

    fn refusal(&self, _: &ResponseReader<'_>) -> Option<Refusal> {
        None
    }
}

impl Feeds for Polled {
    fn message_updates(&self, _: &FeedSource, _: PollRequest<'_>) -> EndpointResult<Batch<Message>> {
        let interval = self.0;
        Ok(Endpoint::get(Route::new("messages")).reads(move |_| Ok(Batch::new("cursor").pause(interval))))
    }
}

impl Assets for Polled {}
impl Chats for Polled {}
impl Contacts for Polled {}
impl Locations for Polled {}
impl Members for Polled {}
impl Messages for Polled {}
impl Reactions for Polled {}

#[test]
fn each_poll_is_followed_by_the_pause_and_so_is_the_first() {
    // A pause that is too short would poll without end.
    for (interval, pause) in [(7_000, 7_000), (0, 250)] {
        let config = operations::config().with_protocol(Polled(Duration::from_millis(interval)));
        let client = teamwire_core::Client::new(Manual::new(config, ENTROPY, operations::now()));
        let mut feed = client.chats().new_messages(FeedOptions::default());
        let mut now = 0;
        for number in 0..3 {
            let Step::Send(ticket, _) = feed.poll(at(now)) else { panic!("poll {number} is sent") };
            feed.handle(at(now), ticket, response(200, &serde_json::json!({})));
            if number == 0 {
                assert!(matches!(feed.poll(at(now)), Step::Event(FeedEvent::Started(_))));
            }
            let Step::Sleep(until) = feed.poll(at(now)) else { panic!("it pauses after poll {number}") };
            assert_eq!(until, at(now + pause).moment, "poll {number}");
            now += pause;
        }
    }
}
