//! Protocols with mistakes: routes that are no part of a URI, and cursors and pauses out of bounds.

use std::time::Duration;

use chrono::DateTime;
use http::{HeaderValue, Request, header};
use teamwire_core::{
    Checkpoint, Client, Config, Credentials, Draft, Error, ErrorKind, FeedEvent, Message, Script, User,
    effect::Body,
    model::ThreadId,
    protocol::{
        Assets, Attached, Attempt, Batch, BatchItem, Chats, Contacts, Dated, Endpoint, EndpointResult, FeedSource,
        Feeds, Locations, Members, Messages, PollRequest, Reactions, Refusal, ResponseReader, Route, Wire,
    },
    script::{Expect, Respond},
};

use super::refused;

/// A protocol whose feed returns the cursor and the messages of `x-cursor` and the body.
#[derive(Clone, Copy, Debug, Default)]
struct Foreign {
    route: &'static str,
    pause: Option<Duration>,
    /// The wait of posts, which it sends as long polls, and of polls.
    wait: Option<Duration>,
}

impl Wire for Foreign {
    fn authorization(&self, credentials: &Credentials) -> Option<HeaderValue> {
        HeaderValue::try_from(credentials.secret()).ok()
    }

    fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>) {
        if let Some(value) = attempt.authorization() {
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
    }

    fn refusal(&self, _: &ResponseReader<'_>) -> Option<Refusal> {
        None
    }
}

fn message(id: &str) -> Message {
    Message::new(id, "c1", User::new("u1", "", ""), DateTime::UNIX_EPOCH)
}

impl Messages for Foreign {
    fn post(&self, chat: &ThreadId, _: &Draft, _: &[Attached]) -> EndpointResult<Dated<Message>> {
        let route = Route::new(self.route).id(chat)?.query("a", "b");
        let post = Endpoint::post(route);
        let post = if let Some(wait) = self.wait { post.long_poll(wait) } else { post };
        Ok(post.reads(move |_| Ok(Dated::new(message("m1")))))
    }
}

impl Feeds for Foreign {
    fn message_updates(&self, _: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Message>> {
        let pause = self.pause;
        let route = Route::new("feed").query("after", poll.cursor.unwrap_or("start"));
        Ok(Endpoint::get(route).long_poll(self.wait.unwrap_or(poll.wait)).reads(move |response| {
            let cursor = response.headers()["x-cursor"].to_str().unwrap_or_default().to_owned();
            let text = String::from_utf8_lossy(response.body());
            let items = text.split_whitespace().map(|id| BatchItem::new(id, Ok(message(id))));
            let batch = Batch::new(cursor).items(items);
            Ok(pause.into_iter().fold(batch, Batch::pause))
        }))
    }
}

impl Assets for Foreign {}
impl Chats for Foreign {}
impl Members for Foreign {}
impl Reactions for Foreign {}
impl Locations for Foreign {}
impl Contacts for Foreign {}

fn script(protocol: Foreign) -> Script {
    let credentials = Credentials::new("app", "a-secret-of-the-bot").expect("they are valid");
    let config = Config::new("https://example.org/base", credentials).expect("it is a URL");
    Script::with_config(config.with_protocol(protocol))
}

fn feed(pause: Option<Duration>) -> Script {
    script(Foreign { pause, ..Foreign::default() })
}

fn batch(cursor: &str, messages: &'static str) -> Respond {
    Respond::status(200).header("x-cursor", cursor).body("text/plain", messages)
}

fn poll(after: &str) -> Expect {
    Expect::get("/base/feed").query("after", after)
}

#[test]
fn fixed_segments_have_the_characters_of_a_path() {
    let chat = ThreadId::from("\u{e9}".repeat(10_000));
    for route in ["a b", "a?b", "a#b", "a\"b", "a\\b", "a\u{e9}b", "a\nb", "{id}"] {
        let client = Client::new(script(Foreign { route, ..Foreign::default() }));
        refused(client.chats().chat(chat.clone()).post("hello"), "route", "characters that a path cannot have");
    }
    let route = "a%20b/~c;d=e:f@g/";
    let path = format!("/base/{route}/c1");
    let script =
        script(Foreign { route, ..Foreign::default() }).then(Expect::post(path).query("a", "b"), Respond::status(200));
    Client::new(script).chats().chat("c1").post("hello").expect("it is posted");
}

#[test]
fn route_continues_the_base_url_by_one_slash() {
    for route in ["/a", "/", "//example.com/a"] {
        let client = Client::new(script(Foreign { route, ..Foreign::default() }));
        refused(client.chats().chat("c1").post("hello"), "route", "begins with a slash");
    }
    // It may begin with a variable segment, such as a tenant.
    let script = script(Foreign::default()).then(Expect::post("/base/c1").query("a", "b"), Respond::status(200));
    Client::new(script.clone()).chats().chat("c1").post("hello").expect("it is posted");
    script.assert_done();
    let route = Route::new("").segment("tenant", "a/b").expect("it is a segment").join("chats").join("");
    assert_eq!(route.to_string(), "a%2Fb/chats/");
    assert_eq!(Route::new("").join("chats").to_string(), "chats");
}

#[test]
fn authorization_is_not_shown() {
    let script =
        script(Foreign { route: "a", ..Foreign::default() }).then(Expect::post("/base/a/c1"), Respond::status(200));
    Client::new(script.clone()).chats().chat("c1").post("hello").expect("it is posted");
    assert_eq!(script.requests()[0].header("authorization"), Some("a-secret-of-the-bot"));
    assert!(!format!("{:?}", script.requests()).contains("a-secret-of-the-bot"));
}

/// Returns the events of a feed until the end of the script.
fn events(script: &Script, after: Option<Checkpoint>) -> Vec<FeedEvent<Message>> {
    let events = Client::new(script.clone()).chats().chat("c1").new_messages(after);
    events.collect::<Result<_, Error>>().expect("the feed continues")
}

#[test]
fn feed_can_resume_after_each_event() {
    let too_long = "x".repeat((16 << 10) + 1);
    for invalid in ["", &too_long] {
        for (messages, delivered) in [("", 0), ("m1 m2", 2)] {
            let script = feed(None).then(poll("start"), batch("k1", "")).then(poll("k1"), batch(invalid, messages));
            let events = events(&script, None);
            script.assert_done();
            let updates = events.iter().filter(|event| matches!(event, FeedEvent::Update { .. }));
            assert_eq!(updates.count(), delivered, "{events:?}");
            let Some(FeedEvent::Retrying(retrying)) = events.last() else { panic!("it fails: {events:?}") };
            assert_eq!(retrying.error.kind(), ErrorKind::UnexpectedResponse);
            for checkpoint in events.iter().filter_map(FeedEvent::checkpoint) {
                let script = feed(None).then(poll("k1"), batch("k2", ""));
                self::events(&script, Some(checkpoint.clone()));
                script.assert_done();
            }
        }
    }
}

#[test]
fn feed_does_not_start_without_a_cursor() {
    let script = feed(None).then(poll("start"), batch("", "m1")).then(poll("start"), batch("k1", "m1"));
    assert!(matches!(events(&script, None)[..], [FeedEvent::Retrying(_), FeedEvent::Started(_)]));
    script.assert_done();
}

#[test]
fn pause_of_a_feed_is_bounded() {
    for (pause, messages, min, max) in [
        (Duration::ZERO, "", Duration::from_millis(250), Duration::from_secs(1)),
        (Duration::ZERO, "m1", Duration::ZERO, Duration::from_millis(1)),
        (Duration::from_secs(5), "m1", Duration::from_secs(5), Duration::from_secs(6)),
        (Duration::MAX, "", Duration::from_secs(3600), Duration::from_secs(3601)),
    ] {
        let script = feed(Some(pause))
            .then(poll("start"), batch("k1", ""))
            .then(poll("k1"), batch("k2", messages))
            .then(poll("k2"), batch("k3", ""));
        events(&script, None);
        script.assert_done();
        let requests = script.requests();
        let waited = requests[2].at.saturating_duration_since(requests[1].at);
        assert!((min..max).contains(&waited), "{pause:?} after {messages:?}: {waited:?}");
    }
}

#[test]
fn wait_of_a_long_poll_may_have_any_length() {
    for wait in [Duration::ZERO, Duration::MAX] {
        let foreign = Foreign { route: "a", wait: Some(wait), ..Foreign::default() };
        let post = script(foreign).then(Expect::post("/base/a/c1"), Respond::status(200));
        Client::new(post.clone()).chats().chat("c1").post("hello").expect("it is posted");
        let feed = script(foreign)
            .then(poll("start"), batch("k1", ""))
            .then(poll("k1"), Respond::connection_lost())
            .then(poll("k1"), batch("k2", "m1"));
        assert!(matches!(events(&feed, None)[..], [_, FeedEvent::Retrying(_), FeedEvent::Update { .. }]));
        post.assert_done();
        feed.assert_done();
    }
}
