//! Idempotency keys, which a protocol sends in any place, or forgets.

use chrono::DateTime;
use http::{HeaderName, HeaderValue, Request};
use serde_json::{Value, json};
use teamwire_core::{
    Client, Draft, Message, User,
    effect::{Body, Form, TransportError, TransportErrorKind},
    machine::Reply,
    model::ThreadId,
    protocol::{
        Assets, Attached, Attempt, Chats, Contacts, Dated, Endpoint, EndpointResult, Feeds, Locations, Members,
        Messages, Reactions, Refusal, ResponseReader, Route, V1, Wire,
    },
    script::{Expect, Respond, Script},
};
use teamwire_tests::operations;

use crate::support::{at, by_hand, ends, send, waits};

/// The place of the key in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// None: the protocol forgets it.
    Nowhere,
    /// A header that `prepare` adds.
    Header,
    /// A header with a value that `prepare` derives from the key.
    Derived,
    /// A member of the body that `prepare` adds.
    Prepared,
    /// A segment of the route.
    Route,
    /// A parameter of the query.
    Query,
    /// A member of the body.
    Json,
    /// A field of a form.
    Form,
    /// A header of the endpoint.
    OwnHeader,
}

/// The places in which the endpoint itself has the key of the caller.
const OF_ENDPOINT: [Place; 5] = [Place::Route, Place::Query, Place::Json, Place::Form, Place::OwnHeader];

const NAME: HeaderName = HeaderName::from_static("x-key");

impl Wire for Place {
    fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>) {
        let header = |text: String| HeaderValue::try_from(text).expect("it is a header");
        match self {
            Self::Header | Self::Derived => {
                let key = attempt.idempotency_key().expect("the endpoint is keyed");
                let key = if *self == Self::Header { key.to_owned() } else { format!("{:x}", key.len()) };
                request.headers_mut().insert(NAME, header(key));
            }
            Self::Prepared => {
                let body = request.body().as_bytes().expect("it is in memory");
                let mut json: Value = serde_json::from_slice(body).expect("it is JSON");
                json["key"] = attempt.idempotency_key().expect("the endpoint is keyed").into();
                *request.body_mut() = json.to_string().into_bytes().into();
            }
            _ => {}
        }
    }

    fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal> {
        V1.refusal(response)
    }
}

impl Messages for Place {
    fn post(&self, chat: &ThreadId, draft: &Draft, _: &[Attached]) -> EndpointResult<Dated<Message>> {
        let key = draft.idempotency_key.as_deref().unwrap_or_default();
        let route = Route::new("posts");
        let route = match self {
            Self::Route if !key.is_empty() => route.segment("key", key)?,
            Self::Query => route.query("key", key),
            _ => route,
        };
        let post = Endpoint::post(route).keyed(draft.idempotency_key.clone());
        let post = match self {
            Self::Json => post.json(&json!({ "text": draft.text, "key": key }))?,
            Self::Form => post.form(Form::new().text("text", "hello").text("key", key)),
            Self::OwnHeader => post.header(NAME, HeaderValue::from_bytes(key.as_bytes()).expect("it is a header")),
            _ => post.json(&json!({ "text": draft.text }))?,
        };
        let message = Message::new("m1", chat, User::new("u1", "", ""), DateTime::UNIX_EPOCH);
        Ok(post.reads(move |response| Ok(response.dated(message.clone()))))
    }
}

impl Assets for Place {}
impl Chats for Place {}
impl Contacts for Place {}
impl Feeds for Place {}
impl Locations for Place {}
impl Members for Place {}
impl Reactions for Place {}

/// Posts, and loses the response. Returns `true` if the request is repeated unchanged.
fn repeats(place: Place, key: Option<&str>) -> bool {
    let client = by_hand(operations::config().with_protocol(place));
    let chat = client.chats().chat("c1");
    let draft = key.into_iter().fold(Draft::text("hello"), Draft::idempotency_key);
    let mut post = chat.post(draft);
    let (ticket, first) = send(&mut post, at(0));
    let lost = TransportError::new(TransportErrorKind::Disconnected, "lost").with_sent(true);
    post.handle(at(0), ticket, Reply::Error(lost));
    if first.requires_new_connection {
        let error = ends(&mut post, at(0)).expect_err("it may have been posted");
        assert!(error.outcome_unknown(), "{place:?}: {error:?}");
        return false;
    }
    let wait = waits(&mut post, at(0));
    let (_, second) = send(&mut post, at(1 + u64::try_from(wait.as_millis()).expect("it is short")));
    assert_eq!(first.request.uri(), second.request.uri());
    assert_eq!(first.request.headers(), second.request.headers());
    assert_eq!(first.request.body().as_bytes(), second.request.body().as_bytes());
    true
}

#[test]
fn request_with_its_key_is_repeated_wherever_the_key_is() {
    for key in [None, Some("alarm-7")] {
        for place in [Place::Header, Place::Derived, Place::Prepared] {
            assert!(repeats(place, key), "{place:?} {key:?}");
        }
    }
    for key in ["alarm-7", "alarm 7/8 \"x\" \\ +&=~*", "%2F", "Störung"] {
        for place in OF_ENDPOINT {
            assert!(repeats(place, Some(key)), "{place:?} {key:?}");
        }
    }
}

#[test]
fn request_without_its_key_is_sent_once() {
    for key in [None, Some("alarm-7")] {
        assert!(!repeats(Place::Nowhere, key), "{key:?}");
    }
    // The endpoint has only the key of a caller, and this is another one.
    for place in OF_ENDPOINT {
        assert!(!repeats(place, None), "{place:?}");
    }
}

#[test]
fn request_without_its_key_is_repeated_if_nothing_was_done() {
    let post = || Expect::post("/posts");
    let script = Script::with_config(operations::config().with_protocol(Place::Nowhere))
        .then(post(), Respond::unreachable())
        .then(post(), Respond::problem(429, "rate_limited"))
        .then(post(), Respond::status(502));
    let error = Client::new(script.clone()).chats().chat("c1").post("hello").expect_err("it may have been posted");
    assert!(error.outcome_unknown(), "{error:?}");
    script.assert_done();
}
