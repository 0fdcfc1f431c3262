//! Canned responses on a virtual clock, for testing bots without a server.
//!
//! A [`Script`] is a list of expected requests and the [`Respond`] for each: in a fixed order with
//! [`then`](Script::then), in any order with [`on`](Script::on), or at any time with [`always`](Script::always). Each
//! adapter has a `scripted` function that creates its `Client` from a script, so a bot is tested with the type it uses.
//! Waits take no time: they advance the virtual clock.
//!
//! ```
//! use core::time::Duration;
//! use teamwire_core::{effect::Moment, script::{v1::{expect, respond, sample}, Script}, Client};
//!
//! // A bot. A program uses an adapter's `Client` instead of being generic.
//! fn greet(client: &Client<Script>) -> Result<(), teamwire_core::Error> {
//!     client.chats().chat("c1").post("hello")?;
//!     Ok(())
//! }
//!
//! let script = Script::new()
//!     .then(expect::post("c1"), respond::unavailable(30))
//!     .then(expect::post("c1").text("hello"), respond::message(sample::message("m1", "c1", "hello")));
//! greet(&Client::new(script.clone()))?;
//!
//! script.assert_done();
//! let requests = script.requests();
//! assert!(requests[1].at >= Moment::from_epoch(Duration::from_secs(30)));
//! assert_eq!(requests[0].header("idempotency-key"), requests[1].header("idempotency-key"));
//! # Ok::<(), teamwire_core::Error>(())
//! ```
//!
//! [`v1`] names the requests and responses of the default protocol by their operations. Those of any other protocol are
//! expected by [`Expect::of`]. Both can be written down as well, for what has no name:
//!
//! ```
//! use teamwire_core::{script::{sample, Expect, Respond, Script}, Client};
//!
//! let post = Expect::post("/v1/chats/c1/messages").json(sample::json(r#"{ "msg": "hello" }"#));
//! let script = Script::new().then(post, Respond::json(201, sample::json(r#"{ "mid": 7 }"#)));
//! let error = Client::new(script).chats().chat("c1").post("hello").expect_err("the message cannot be decoded");
//! assert_eq!(error.kind(), teamwire_core::ErrorKind::UnexpectedResponse);
//! ```
//!
//! An unexpected request is a panic that shows the expected request, the actual one, and the line of the script:
//!
//! ```should_panic
//! # use teamwire_core::{script::{v1::{expect, respond}, Script}, Client};
//! let script = Script::new().then(expect::post("c1"), respond::server_error());
//! let _ = Client::new(script).chats().chat("c2").post("hello");
//! // unexpected request
//! //   where     src/bot.rs:4:28, step 1 of 1
//! //   expected  POST /v1/chats/c1/messages
//! //   got       POST /v1/chats/c2/messages {"msg":"hello"}
//! //   differs   in the path: expected "/v1/chats/c1/messages", got "/v1/chats/c2/messages"
//! ```

mod events;
mod executor;
mod expect;
mod files;
mod perform;
mod plan;
mod recorded_request;
mod respond;

use alloc::{string::String, vec::Vec};
use core::panic::Location;

use chrono::{DateTime, Utc};

pub use self::{
    events::Events, expect::Expect, perform::PendingReply, recorded_request::RecordedRequest, respond::Respond,
};
use self::{files::Files, plan::Plan};
pub use crate::protocol::v1::sample;
use crate::{
    config::{Config, Credentials},
    effect::{FileError, FileOutcome, FileTask, Moment},
    executor::Executor,
    machine::{Machine, Reply, Step},
    redaction::Kind,
    session::Session,
    shared::Shared,
    stop_handle::StopHandle,
};

/// Expectations, responses and samples of the [default protocol](crate::protocol::V1), by operation.
pub mod v1 {
    pub use crate::protocol::v1::{expect, respond, sample};
}

/// Expected requests, canned responses and a virtual clock. See the [module](self). Clones share the script.
#[derive(Clone, Debug)]
pub struct Script {
    session: Session,
    state: Shared<State>,
}

#[derive(Debug)]
struct State {
    moment: Moment,
    /// UTC at the epoch of the monotonic clock.
    utc: DateTime<Utc>,
    plan: Plan,
    received: Vec<RecordedRequest>,
    files: Files,
    /// The handles to be stopped, with their times.
    stops: Vec<(Moment, StopHandle)>,
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Script {
    /// Creates an empty script, which expects no requests. Its clock starts at the epoch and at 2026-01-01 00:00 UTC.
    pub fn new() -> Self {
        let credentials = Credentials::new("script", "no secret at all").expect("both are valid credentials");
        Self::with_config(Config::new("https://teamwire.invalid", credentials).expect("the URL is valid"))
    }

    /// Creates an empty script for a client with this configuration, such as its own retry policy.
    pub fn with_config(config: Config) -> Self {
        let state = State {
            moment: Moment::EPOCH,
            utc: DateTime::from_timestamp_nanos(1_767_225_600_000_000_000),
            plan: Plan::default(),
            received: Vec::new(),
            files: Files::default(),
            stops: Vec::new(),
        };
        // Fixed entropy makes runs reproducible. No real server ever sees the keys derived from it.
        Self { session: Session::new(config, *b"every script has these 32 bytes."), state: Shared::new(state) }
    }

    /// Sets the starting time.
    pub fn starting_at(self, utc: DateTime<Utc>) -> Self {
        self.state.with(|state| state.utc = utc);
        self
    }

    /// Adds a step: expects this request next, and responds with this.
    #[track_caller]
    pub fn then(self, expect: impl Into<Expect>, respond: Respond) -> Self {
        let (expect, location) = (expect.into(), Location::caller());
        self.state.with(|state| state.plan.then(expect, respond, location));
        self
    }

    /// Expects these requests in any order relative to all others, and responds with these, one after the other. So the
    /// requests of concurrent handlers and of each feed have a queue of their own. With several queues for a request,
    /// the first one with a response left is used.
    ///
    /// If the responses are used up, a matching request is one of [`always`](Self::always) or the next step. Otherwise
    /// a feed ends with it, and an operation fails the test.
    ///
    /// ```
    /// use teamwire_core::{Client, Error, Script, script::{Respond, v1::{expect, respond, sample}}};
    ///
    /// let script = Script::new()
    ///     .on(expect::message_updates("c1"), [
    ///         respond::no_updates("k0"),
    ///         Respond::unreachable().times(2),
    ///         respond::message_updates([sample::message("m1", "c1", "!help")], "k1"),
    ///     ])
    ///     .on(expect::post("c1"), [respond::message(sample::message("m2", "c1", ""))]);
    ///
    /// let client = Client::new(script.clone());
    /// let chats = client.chats();
    /// for event in chats.chat("c1").new_messages(None) {
    ///     if let Some(message) = event?.into_item() {
    ///         chats.chat(&message.tid).post("There is no help yet.")?;
    ///     }
    /// }
    /// script.assert_done();
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn on(self, expect: impl Into<Expect>, responses: impl IntoIterator<Item = Respond>) -> Self {
        let (expect, location) = (expect.into(), Location::caller());
        let responses = responses.into_iter().filter(|respond| respond.times > 0).collect();
        self.state.with(|state| state.plan.on(expect, responses, location));
        self
    }

    /// Responds with this to every matching request, at any time.
    pub fn always(self, expect: impl Into<Expect>, respond: Respond) -> Self {
        let expect = expect.into();
        self.state.with(|state| state.plan.always(expect, respond));
        self
    }

    /// Makes the server unreachable for this time from now, by the clock of the script: all requests fail to connect,
    /// and use up no response.
    pub fn down_for(&self, time: core::time::Duration) {
        self.state.with(|state| state.plan.down_until = Some(state.moment.saturating_add(time)));
    }

    /// Adds an in-memory file. A script neither reads nor writes files on disk.
    pub fn with_file(self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.state.with(|state| state.files.0.insert(path.into(), bytes.into()));
        self
    }

    /// Returns the content of an in-memory file; `None` if it does not exist.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.state.with(|state| state.files.0.get(path).cloned())
    }

    /// Returns the requests so far, in order.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.with(|state| state.received.clone())
    }

    /// Advances the clock.
    pub fn advance(&self, by: core::time::Duration) {
        self.advance_to(self.now().moment.saturating_add(by));
    }

    /// Asserts that every expected request has been sent.
    ///
    /// # Panics
    /// If an expected request was not sent. The message shows the requests, how often they are missing, and the lines
    /// of the script.
    #[track_caller]
    pub fn assert_done(&self) {
        let left = self.state.with(|state| state.plan.missing());
        assert!(left.is_empty(), "the script is not done: these requests were not sent{}", self.shown(&left));
    }

    /// Returns a text about requests without the credentials and the token, as logs of tests are often public.
    fn shown(&self, text: &str) -> String {
        self.session.redaction().redact(text, Kind::Data)
    }

    /// For executors: performs a file task on the in-memory files.
    ///
    /// # Errors
    /// A [`FileError`] if the file does not exist or is larger than the limit of the task.
    pub fn perform_file_task(&self, task: FileTask) -> Result<FileOutcome, FileError> {
        self.state.with(|state| state.files.perform(task))
    }

    /// Performs a step of the machine.
    fn perform_step<M: Machine, E, T>(&self, machine: &mut M, step: Step<E, T>) {
        match step {
            Step::Send(ticket, exchange) => {
                let reply = self.perform(&exchange);
                machine.handle(self.now(), ticket, reply);
            }
            Step::File(ticket, task) => {
                let done = self.perform_file_task(task);
                machine.handle(self.now(), ticket, Reply::File(done));
            }
            Step::Sleep(until) => drop(self.wait_until(until, self.stop_of_wait())),
            Step::Event(_) | Step::Done(_) => {}
        }
    }
}
