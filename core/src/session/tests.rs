use http::Request;

use super::*;
use crate::{
    Client, FeedOptions,
    credentials::Credentials,
    effect::{Body, Now, TransportError, TransportErrorKind},
    executor::{Executor, Manual},
    machine::{Machine, Reply, Step},
    model::Message,
    observe::Observation,
    protocol::{
        Assets, Attempt, Batch, Chats, Contacts, Endpoint, EndpointResult, FeedSource, Feeds, Locations, Members,
        Messages, PollRequest, Reactions, Refusal, ResponseReader, Route, Token, Wire,
    },
};

/// A protocol with a login.
#[derive(Debug)]
struct WithLogin;

impl Wire for WithLogin {
    fn prepare(&self, _: &mut Request<Body>, _: &Attempt<'_>) {}

    fn refusal(&self, _: &ResponseReader<'_>) -> Option<Refusal> {
        None
    }

    fn login(&self, _: &Credentials) -> Result<Option<Endpoint<Token>>, Error> {
        Ok(Some(Endpoint::post(Route::new("login")).reads(|_| Token::new("0123456789"))))
    }
}

impl Feeds for WithLogin {
    fn message_updates(&self, _: &FeedSource, _: PollRequest<'_>) -> EndpointResult<Batch<Message>> {
        Ok(Endpoint::get(Route::new("poll")).reads(|_| Ok(Batch::new("cursor"))))
    }
}

impl Assets for WithLogin {}
impl Chats for WithLogin {}
impl Contacts for WithLogin {}
impl Locations for WithLogin {}
impl Members for WithLogin {}
impl Messages for WithLogin {}
impl Reactions for WithLogin {}

#[test]
fn retries_of_the_login_of_a_feed_are_not_kept() {
    let credentials = Credentials::new("app-id", "the secret").expect("they are valid");
    let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
    let config = config.with_protocol(WithLogin).with_observer(|_: Now, _: &Observation<'_>| {});
    let mut now = Now::new(Moment::EPOCH, chrono::DateTime::UNIX_EPOCH);
    let client = Client::new(Manual::new(config, [7; 32], now));
    let mut feed = client.chats().new_messages(FeedOptions::from_now());
    let mut sent = 0;
    while sent < 50 {
        match feed.poll(now) {
            Step::Send(ticket, _) => {
                sent += 1;
                let down = TransportError::new(TransportErrorKind::Connect, "down");
                feed.handle(now, ticket, Reply::Error(down));
            }
            Step::Sleep(until) => now = Now::new(until, now.utc),
            Step::Event(_) => {}
            step => panic!("the feed continues, it does not return {step:?}"),
        }
    }
    let session = client.executor().session();
    assert_eq!(session.0.inner.retries.with(|retries| retries.len()), 0);
}
