//! Clients of a protocol with a login, and steps by hand.

use std::time::Duration;

use http::{Response, StatusCode, header};
use serde_json::Value;
use teamwire_core::{
    Client, Config, Error,
    effect::{Exchange, Now},
    executor::Manual,
    flow::Flow,
    machine::{Reply, Step, Ticket},
    script::{Expect, RecordedRequest, Respond, Script, sample},
};
use teamwire_tests::{
    TokenProtocol,
    operations::{self, ENTROPY},
};

/// Two tokens. They have nothing in common with the credentials, which are redacted as well.
pub(crate) const FIRST: &str = "9fT2mLw0Zq81xKcRvB55";
pub(crate) const SECOND: &str = "hY7pNs3dQe64uGjWzA28";

/// The path of a post.
pub(crate) const POST: &str = "/v1/chats/c1/messages";

pub(crate) fn config(protocol: TokenProtocol) -> Config {
    operations::config().with_protocol(protocol)
}

/// A script for a client with a login.
pub(crate) fn script() -> Script {
    Script::with_config(config(TokenProtocol::default()))
}

/// Posts to the chat `c1`.
pub(crate) fn post(script: &Script) -> Result<(), Error> {
    Client::new(script.clone()).chats().chat("c1").post("hello").map(drop)
}

pub(crate) fn expect_login() -> Expect {
    Expect::post(TokenProtocol::LOGIN)
}

/// Expects a post with this token.
pub(crate) fn expect_post(token: &str) -> Expect {
    Expect::post(POST).header("authorization", format!("Bearer {token}"))
}

pub(crate) fn token(text: &str) -> Respond {
    Respond::json(200, TokenProtocol::token(text))
}

pub(crate) fn posted() -> Respond {
    Respond::json(201, sample::message("m1", "c1", "hello"))
}

pub(crate) fn expired() -> Respond {
    Respond::problem(401, TokenProtocol::EXPIRED)
}

/// Returns the number of logins among these requests.
pub(crate) fn logins(requests: &[RecordedRequest]) -> usize {
    requests.iter().filter(|request| request.path() == TokenProtocol::LOGIN).count()
}

/// A client that is driven by hand.
pub(crate) fn by_hand(config: Config) -> Client<Manual> {
    Client::new(Manual::new(config, ENTROPY, operations::now()))
}

/// The time after this number of milliseconds.
pub(crate) fn at(millis: u64) -> Now {
    let start = operations::now();
    Now::new(start.moment.saturating_add(Duration::from_millis(millis)), start.utc)
}

/// Polls a machine that sends a request.
#[track_caller]
pub(crate) fn send<T: Send>(flow: &mut (impl Flow<Output = T> + ?Sized), now: Now) -> (Ticket, Exchange) {
    match flow.poll(now) {
        Step::Send(ticket, exchange) => (ticket, *exchange),
        Step::Sleep(until) => panic!("expected a request, not a wait until {until:?}"),
        Step::Done(result) => panic!("expected a request, not the result {:?}", result.err()),
        Step::File(..) | Step::Event(_) => panic!("expected a request"),
    }
}

/// Polls a machine that sends a request to this path. Returns its ticket and its token.
#[track_caller]
pub(crate) fn sends<T: Send>(
    flow: &mut (impl Flow<Output = T> + ?Sized),
    now: Now,
    path: &str,
) -> (Ticket, Option<String>) {
    let (ticket, exchange) = send(flow, now);
    assert_eq!(exchange.request.uri().path(), path);
    (ticket, token_of(&exchange))
}

/// Returns the token of a request.
pub(crate) fn token_of(exchange: &Exchange) -> Option<String> {
    let value = exchange.request.headers().get(header::AUTHORIZATION)?;
    assert!(value.is_sensitive(), "the token would be shown in logs");
    value.to_str().expect("it is ASCII").strip_prefix("Bearer ").map(str::to_owned)
}

/// Polls a machine that waits.
#[track_caller]
pub(crate) fn waits<T: Send>(flow: &mut (impl Flow<Output = T> + ?Sized), now: Now) -> Duration {
    match flow.poll(now) {
        Step::Sleep(until) => until.saturating_duration_since(now.moment),
        Step::Send(_, exchange) => panic!("expected a wait, not {:?}", exchange.request.uri()),
        _ => panic!("expected a wait"),
    }
}

/// Polls a machine that has finished.
#[track_caller]
pub(crate) fn ends<T: Send>(flow: &mut (impl Flow<Output = T> + ?Sized), now: Now) -> Result<T, Error> {
    match flow.poll(now) {
        Step::Done(result) => result,
        Step::Sleep(until) => panic!("expected a result, not a wait until {until:?}"),
        Step::Send(_, exchange) => panic!("expected a result, not {:?}", exchange.request.uri()),
        Step::File(..) | Step::Event(_) => panic!("expected a result"),
    }
}

/// A response with JSON.
pub(crate) fn response(status: u16, body: &Value) -> Reply {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = StatusCode::from_u16(status).expect("it is a status");
    let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
    response.headers_mut().insert(header::CONTENT_TYPE, media_type.parse().expect("it is a header"));
    Reply::Response(response)
}

/// The response to a login.
pub(crate) fn token_reply(text: &str) -> Reply {
    response(200, &TokenProtocol::token(text))
}

/// The response to a post.
pub(crate) fn posted_reply() -> Reply {
    response(201, &sample::message("m1", "c1", "hello"))
}

/// The refusal of a request whose token has expired.
pub(crate) fn expired_reply() -> Reply {
    problem(401, TokenProtocol::EXPIRED)
}

/// A problem document.
pub(crate) fn problem(status: u16, code: &str) -> Reply {
    response(status, &serde_json::json!({ "title": code, "status": status, "code": code }))
}

/// Implements the groups of operations for a protocol that has none of them except for fetching a chat.
macro_rules! without_operations {
    ($protocol:ty) => {
        impl teamwire_core::protocol::Chats for $protocol {
            fn chat(
                &self,
                chat: &teamwire_core::model::ThreadId,
            ) -> teamwire_core::protocol::EndpointResult<Option<teamwire_core::model::ChatInfo>> {
                teamwire_core::protocol::Chats::chat(&teamwire_core::protocol::V1, chat)
            }
        }
        impl teamwire_core::protocol::Messages for $protocol {}
        impl teamwire_core::protocol::Members for $protocol {}
        impl teamwire_core::protocol::Reactions for $protocol {}
        impl teamwire_core::protocol::Locations for $protocol {}
        impl teamwire_core::protocol::Contacts for $protocol {}
        impl teamwire_core::protocol::Assets for $protocol {}
        impl teamwire_core::protocol::Feeds for $protocol {}
    };
}
pub(crate) use without_operations;
