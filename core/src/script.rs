//! Given answers on a virtual clock, in place of a network: how a bot is tested without a server.
//!
//! A [`Script`] is a list of requests to expect and the [`Respond`]s to give. Each adapter has a `scripted` function
//! that makes its `Client` from one, so that a bot is tested with the type it uses. Waits take no time: they move the
//! script's clock.
//!
//! ```
//! use core::time::Duration;
//! use teamwire_core::{effect::Moment, executor::Executor, script::{sample, Expect, Respond, Script}, Client};
//!
//! // A bot. Its own program would name an adapter's `Client` instead of being generic.
//! fn greet(client: &Client<Script>) -> Result<(), teamwire_core::Error> {
//!     client.chats().chat("c1").post("hello")?;
//!     Ok(())
//! }
//!
//! let script = Script::new()
//!     .then(Expect::post("/v1/chats/c1/messages"), Respond::problem(503, "server").retry_after(30))
//!     .then(
//!         Expect::post("/v1/chats/c1/messages").json(sample::json(r#"{"msg": "hello"}"#)),
//!         Respond::json(201, sample::message("m1", "c1", "hello")),
//!     );
//! greet(&Client::new(script.clone()))?;
//!
//! script.assert_done();
//! let requests = script.requests();
//! assert!(requests[1].at >= Moment::from_epoch(Duration::from_secs(30)));
//! assert_eq!(requests[0].header("idempotency-key"), requests[1].header("idempotency-key"));
//! # Ok::<(), teamwire_core::Error>(())
//! ```
//!
//! A request that the script does not expect is a panic that says what was expected, what came, and where the
//! script says so:
//!
//! ```should_panic
//! # use teamwire_core::{script::{sample, Expect, Respond, Script}, Client};
//! let script = Script::new().then(Expect::post("/v1/chats/c1/messages"), Respond::status(500));
//! let _ = Client::new(script).chats().chat("c2").post("hello");
//! // the request is not the one that the script expects
//! //   where     src/bot.rs:4:28, step 1 of 1
//! //   expected  POST /v1/chats/c1/messages
//! //   got       POST /v1/chats/c2/messages {"msg":"hello"}
//! //   differs   in the path: expected "/v1/chats/c1/messages", got "/v1/chats/c2/messages"
//! ```

mod events;
mod expect;
mod files;
mod recorded_request;
mod respond;

use alloc::{collections::VecDeque, format, string::String, vec::Vec};
use core::panic::Location;

use chrono::{DateTime, Utc};

use self::files::Files;
pub use self::{events::Events, expect::Expect, recorded_request::RecordedRequest, respond::Respond};
pub use crate::protocol::sample;
use crate::{
    config::{Config, Credentials},
    effect::{Exchange, FileError, FileOutcome, FileTask, Moment, Now, TransportError, TransportErrorKind},
    error::Error,
    executor::Executor,
    flow::Flow,
    machine::{Feed, Machine, Reply, Step},
    session::Session,
    shared::Shared,
};

/// Requests to expect, the answers to give, and a virtual clock. See the [module](self). Clones are the same script.
#[derive(Clone, Debug)]
pub struct Script {
    session: Session,
    state: Shared<State>,
}

#[derive(Debug)]
struct State {
    moment: Moment,
    /// What UTC is at the epoch of the monotonic clock.
    utc: DateTime<Utc>,
    given: usize,
    steps: VecDeque<ScriptedExchange>,
    always: Vec<ScriptedExchange>,
    received: Vec<RecordedRequest>,
    files: Files,
}

/// One line of the script, and where it is written.
#[derive(Clone, Debug)]
struct ScriptedExchange {
    expect: Expect,
    answer: Respond,
    place: &'static Location<'static>,
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Script {
    /// An empty script: it expects no request. Its clock begins at the epoch and at 2026-01-01 00:00 UTC.
    pub fn new() -> Self {
        let credentials = Credentials::new("script", "no secret at all").expect("neither is empty or has a control");
        Self::with_config(Config::new("https://teamwire.invalid", credentials).expect("a URL"))
    }

    /// An empty script for a client with these options: a retry policy of its own, say.
    pub fn with_config(config: Config) -> Self {
        let state = State {
            moment: Moment::EPOCH,
            utc: DateTime::from_timestamp_nanos(1_767_225_600_000_000_000),
            given: 0,
            steps: VecDeque::new(),
            always: Vec::new(),
            received: Vec::new(),
            files: Files::default(),
        };
        // Given entropy, so that every run is the same. A script never meets a server that could remember its keys.
        Self { session: Session::new(config, *b"every script has these 32 bytes."), state: Shared::new(state) }
    }

    /// Lets UTC be this when the script begins.
    pub fn starting_at(self, utc: DateTime<Utc>) -> Self {
        self.state.with(|state| state.utc = utc);
        self
    }

    /// Expects this request next, and gives this answer.
    #[track_caller]
    pub fn then(self, expect: Expect, answer: Respond) -> Self {
        let place = Location::caller();
        self.state.with(|state| state.steps.push_back(ScriptedExchange { expect, answer, place }));
        self
    }

    /// Gives this answer to this request whenever it comes, however often.
    #[track_caller]
    pub fn always(self, expect: Expect, answer: Respond) -> Self {
        let place = Location::caller();
        self.state.with(|state| state.always.push(ScriptedExchange { expect, answer, place }));
        self
    }

    /// Lets there be a file. The script has files of its own: it neither sees those of the machine nor writes any.
    pub fn with_file(self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.state.with(|state| state.files.0.insert(path.into(), bytes.into()));
        self
    }

    /// The bytes of one of the script's files; `None` if there is none.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.state.with(|state| state.files.0.get(path).cloned())
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.with(|state| state.received.clone())
    }

    /// Moves the clock on.
    pub fn advance(&self, by: core::time::Duration) {
        self.state.with(|state| state.moment = state.moment.saturating_add(by));
    }

    /// Checks that everything in the script has happened.
    ///
    /// # Panics
    /// If a request that it expects has not come; the message says which, and where the script says so.
    #[track_caller]
    pub fn assert_done(&self) {
        let left = self.state.with(|state| {
            let lines =
                state.steps.iter().map(|line| format!("\n  expected  {}\n  where     {}", line.expect, line.place));
            lines.collect::<String>()
        });
        assert!(left.is_empty(), "the script is not done: these requests have not come{left}");
    }

    /// For executors: does this with the script's files.
    pub fn perform_file_task(&self, task: FileTask) -> Result<FileOutcome, FileError> {
        self.state.with(|state| state.files.perform(task))
    }

    /// Carries out a step of the machine.
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
            Step::Sleep(until) => self.state.with(|state| state.moment = state.moment.max(until)),
            Step::Event(_) | Step::Done(_) => {}
        }
    }

    /// For executors: returns whether the script has no more responses, to this request at least. A feed ends then.
    pub fn is_done(&self, exchange: &Exchange) -> bool {
        let received = RecordedRequest::new(Moment::EPOCH, exchange, Vec::new());
        self.state.with(|state| {
            state.steps.is_empty() && !state.always.iter().any(|line| line.expect.difference(&received).is_none())
        })
    }

    /// For executors: performs this request, and returns the reply of the script.
    ///
    /// # Panics
    /// If the script does not expect it.
    pub fn perform(&self, exchange: &Exchange) -> Reply {
        let answer = self.state.with(|state| {
            let body = state.files.body(exchange.request.body())?;
            let received = RecordedRequest::new(state.moment, exchange, body);
            let answer = state.respond(&received);
            state.received.push(received);
            Ok(answer)
        });
        // Outside of the lock: a panic in there would spoil it for the threads that share the script.
        let answer = match answer {
            Ok(answer) => answer.unwrap_or_else(|mismatch| panic!("{mismatch}")),
            Err(fault) => return Reply::Error(fault),
        };
        let patience = exchange.timeout.max_idle();
        match answer.takes {
            Some(time) if time <= patience => {
                self.advance(time);
                self.state.with(|state| state.files.take(exchange, answer.reply))
            }
            _ => {
                self.advance(patience);
                Reply::Error(
                    TransportError::new(TransportErrorKind::Timeout, "the script lets the time run out")
                        .with_sent(true),
                )
            }
        }
    }
}

impl State {
    fn respond(&mut self, received: &RecordedRequest) -> Result<Respond, String> {
        if let Some(line) = self.always.iter().find(|line| line.expect.difference(received).is_none()) {
            return Ok(line.answer.clone());
        }
        let steps = self.given + self.steps.len();
        let Some(line) = self.steps.pop_front() else {
            return Err(format!(
                "a request that the script does not expect, after all of its {steps} steps\n  got       {received}"
            ));
        };
        self.given += 1;
        match line.expect.difference(received) {
            None => Ok(line.answer),
            Some(difference) => Err(format!(
                "the request is not the one that the script expects\n  where     {}, step {} of {steps}\n  expected  {}\n  \
                 got       {received}\n  differs   {difference}",
                line.place, self.given, line.expect
            )),
        }
    }
}

/// The script as an executor: synchronous, and done in no time.
impl Executor for Script {
    type Run<'a, T: Send + 'a> = Result<T, Error>;

    type Events<F: Feed + 'static> = Events<F>;

    fn session(&self) -> &Session {
        &self.session
    }

    fn now(&self) -> Now {
        self.state.with(|state| {
            let since_epoch = chrono::TimeDelta::from_std(state.moment.since_epoch()).unwrap_or_default();
            Now::new(state.moment, state.utc.checked_add_signed(since_epoch).unwrap_or(state.utc))
        })
    }

    fn run<'a, F: Flow + 'a>(&'a self, mut flow: F) -> Result<F::Output, Error>
    where
        F::Output: 'a,
    {
        loop {
            match flow.poll(self.now()) {
                Step::Done(result) => return result,
                step => self.perform_step(&mut flow, step),
            }
        }
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> Events<F> {
        Events::new(self.clone(), feed)
    }
}
