//! A world with a virtual clock, and builders for requests.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::DateTime;
use http::{HeaderMap, Request, Response, header};
use serde_json::Value;
use teamwire_sandbox::{
    BotKey, World,
    world::{Handled, Now, Parked, PersonActions},
};

/// A response.
#[derive(Debug)]
pub(crate) struct TestResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    /// The body, if it is JSON.
    pub(crate) body: Value,
}

impl TestResponse {
    fn new(response: Response<Vec<u8>>) -> Self {
        let (parts, bytes) = response.into_parts();
        assert!(parts.headers.contains_key("x-request-id"), "every response carries X-Request-Id");
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if parts.status.as_u16() >= 400 {
            assert_eq!(parts.headers[header::CONTENT_TYPE], "application/problem+json");
            assert_eq!(body["status"], parts.status.as_u16());
            assert_eq!(body["type"], "about:blank");
        }
        Self { status: parts.status.as_u16(), headers: parts.headers, bytes, body }
    }

    /// Asserts the status of the response.
    #[track_caller]
    pub(crate) fn assert_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Asserts that the response is this problem.
    #[track_caller]
    pub(crate) fn assert_problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        self
    }

    /// Returns a string of the body.
    #[track_caller]
    pub(crate) fn string(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).expect("the body has this string").to_owned()
    }

    /// Returns a string of each item.
    #[track_caller]
    pub(crate) fn strings(&self, pointer: &str) -> Vec<String> {
        let items = self.body["items"].as_array().expect("the body has items");
        items
            .iter()
            .map(|it| it.pointer(pointer).and_then(Value::as_str).expect("every item has this string").to_owned())
            .collect()
    }
}

/// A world, its time, and the bot's key.
pub(crate) struct Fixture {
    pub(crate) world: World,
    pub(crate) elapsed: Duration,
    pub(crate) key: BotKey,
}

/// A request builder.
pub(crate) struct RequestBuilder<'s> {
    fixture: &'s mut Fixture,
    request: http::request::Builder,
    body: Vec<u8>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let world = World::new(7);
        let key = world.bot_key();
        Self { world, elapsed: Duration::ZERO, key }
    }

    pub(crate) fn now(&self) -> Now {
        let start = DateTime::from_timestamp(1_741_944_000, 0).expect("the timestamp is in range");
        Now::after(start, self.elapsed)
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.elapsed += Duration::from_secs(seconds);
    }

    /// Acts as a user.
    pub(crate) fn as_person(&mut self, uid: &str) -> PersonActions<'_> {
        let now = self.now();
        self.world.as_person(now, uid)
    }

    /// Starts a request with the bot's credentials.
    pub(crate) fn request(&mut self, method: &str, path: &str) -> RequestBuilder<'_> {
        let token = STANDARD.encode(format!("{}:{}", self.key.app_id, self.key.secret));
        self.request_without_credentials(method, path).header("authorization", &format!("Basic {token}"))
    }

    /// Starts a request without credentials.
    pub(crate) fn request_without_credentials(&mut self, method: &str, path: &str) -> RequestBuilder<'_> {
        RequestBuilder { fixture: self, request: Request::builder().method(method).uri(path), body: Vec::new() }
    }

    pub(crate) fn get(&mut self, path: &str) -> TestResponse {
        self.request("GET", path).send()
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> TestResponse {
        self.request("POST", path).json(body).send()
    }

    pub(crate) fn post_empty(&mut self, path: &str) -> TestResponse {
        self.request("POST", path).send()
    }

    pub(crate) fn put(&mut self, path: &str) -> TestResponse {
        self.request("PUT", path).send()
    }

    pub(crate) fn patch(&mut self, path: &str, body: &Value) -> TestResponse {
        self.request("PATCH", path).json(body).send()
    }

    pub(crate) fn delete(&mut self, path: &str) -> TestResponse {
        self.request("DELETE", path).send()
    }

    /// Resumes a pending poll.
    pub(crate) fn resume(&mut self, poll: Parked) -> Result<TestResponse, (Duration, Parked)> {
        let now = self.now();
        into_response(self.world.resume(now, poll))
    }

    /// Returns all items of a list, page by page.
    pub(crate) fn all_pages(&mut self, path: &str, limit: usize) -> Vec<Value> {
        let join = if path.contains('?') { '&' } else { '?' };
        let first = format!("{path}{join}limit={limit}");
        let (mut items, mut next) = (Vec::new(), first.clone());
        loop {
            let page = self.get(&next).assert_status(200).body;
            let found = page["items"].as_array().expect("a page has items");
            assert!(found.len() <= limit);
            items.extend(found.iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{first}&cursor={cursor}"),
                None => return items,
            }
        }
    }
}

impl RequestBuilder<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        let bytes = body.to_string().into_bytes();
        self.header("content-type", "application/json").body(bytes)
    }

    pub(crate) fn body(mut self, bytes: Vec<u8>) -> Self {
        self.body = bytes;
        self
    }

    /// Sends the request. Returns the response, or the deadline of a pending poll and the poll.
    pub(crate) fn try_send(self) -> Result<TestResponse, (Duration, Parked)> {
        let request = self.request.body(self.body).expect("the request is valid HTTP");
        let now = self.fixture.now();
        into_response(self.fixture.world.handle(now, request))
    }

    /// Sends a request that is not a pending poll.
    #[track_caller]
    pub(crate) fn send(self) -> TestResponse {
        self.try_send().expect("there is a response at once")
    }
}

fn into_response(handled: Handled) -> Result<TestResponse, (Duration, Parked)> {
    match handled {
        Handled::Response(response) => Ok(TestResponse::new(response)),
        Handled::Park { until, poll } => Err((until, poll)),
        Handled::File(file) => panic!("{file:?}: the fixture stores no files"),
    }
}
