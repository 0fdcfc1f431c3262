//! A sandbox for one test, and a client of it. Everything that passes between them is checked against the contract.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use http::{HeaderValue, Request, Response, header};
use serde_json::Value;
use teamwire_core::{
    Chat, Client, Config, Credentials, Error, ReactionType, config::RetryPolicy, executor::Executor, model::Image,
};
use teamwire_protocols::Second;
use teamwire_sandbox::{Builder, ObservedExchange, Sandbox, org};

use crate::{
    altering_proxy::{ALTERED, AlteringProxy},
    contract::Contract,
    harness::{Harness, Wait},
    operations::{AVATAR, Bot, Operation},
    second_backend::SecondBackend,
};

/// The time between two polls of a feed, with the example protocol.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A sandbox for one test, and a client of it.
#[derive(Debug)]
pub struct Fixture<H: Harness> {
    /// The backend.
    pub sandbox: Arc<Sandbox>,
    /// A client with the sandbox's key, which retries at once.
    pub client: Client<H::X>,
    /// The backend of the example protocol in front of the sandbox, if the clients speak that.
    pub second: Option<SecondBackend>,
    /// The proxy between the clients and the sandbox, if there is one.
    pub proxy: Option<AlteringProxy>,
    observed: Arc<Mutex<Observed>>,
}

/// The observations of a sandbox.
#[derive(Debug, Default)]
struct Observed {
    violations: Vec<String>,
    refusals: BTreeSet<Refusal>,
}

/// The operation of the wire contract, the status and the code of a response.
pub type Refusal = (String, u16, String);

impl<H: Harness> Fixture<H> {
    /// A fresh sandbox, and a client.
    pub fn new() -> Self {
        Self::with(Sandbox::builder(), |config| config)
    }

    /// A client with other options.
    pub fn configured(change: impl FnOnce(Config) -> Config) -> Self {
        Self::with(Sandbox::builder(), change)
    }

    /// A client with other options, whose requests a proxy can alter.
    pub fn behind_proxy(change: impl FnOnce(Config) -> Config) -> Self {
        Self::start(Sandbox::builder(), change, true)
    }

    /// A sandbox and a client with other options.
    pub fn with(sandbox: Builder, change: impl FnOnce(Config) -> Config) -> Self {
        Self::start(sandbox, change, false)
    }

    fn start(sandbox: Builder, change: impl FnOnce(Config) -> Config, is_behind_proxy: bool) -> Self {
        let observed = Arc::<Mutex<Observed>>::default();
        let noted = Arc::clone(&observed);
        let observe = move |exchange: &ObservedExchange| {
            let checked = check(exchange);
            let mut observed = noted.lock().unwrap_or_else(PoisonError::into_inner);
            match checked {
                Ok(refusal) => observed.refusals.extend(refusal),
                Err(violation) => observed.violations.push(violation),
            }
        };
        let sandbox = Arc::new(sandbox.observe(observe).start().expect("loopback has a free port"));
        let proxy = is_behind_proxy.then(|| AlteringProxy::start(sandbox.address()));
        let start = || SecondBackend::start(sandbox.address(), sandbox.app_id(), sandbox.secret());
        let second = H::SPEAKS_SECOND.then(start);
        let client = H::connect(change(config_of(&sandbox, second.as_ref(), proxy.as_ref())));
        Self { sandbox, client, second, proxy, observed }
    }

    /// A further client of the same sandbox.
    pub fn client(&self, change: impl FnOnce(Config) -> Config) -> Client<H::X> {
        H::connect(change(config_of(&self.sandbox, self.second.as_ref(), self.proxy.as_ref())))
    }

    /// The refusals of the sandbox so far, without those of faults.
    pub fn refusals(&self) -> BTreeSet<Refusal> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner).refusals.clone()
    }

    /// Waits for an operation.
    ///
    /// # Errors
    ///
    /// The error of the operation.
    pub fn wait<'a, T: Send + 'a>(&self, run: <H::X as Executor>::Run<'a, T>) -> Result<T, Error>
    where
        H::X: 'a,
    {
        H::wait(run)
    }

    /// Waits for an operation that succeeds.
    #[track_caller]
    pub fn ok<'a, T: Send + 'a>(&self, run: <H::X as Executor>::Run<'a, T>) -> T
    where
        H::X: 'a,
    {
        H::wait(run).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits for an operation that fails.
    #[track_caller]
    pub fn err<'a, T: Send + 'a>(&self, run: <H::X as Executor>::Run<'a, T>) -> Error
    where
        H::X: 'a,
    {
        match H::wait(run) {
            Err(error) => error,
            Ok(_) => panic!("the operation should fail"),
        }
    }

    /// A chat that the bot is in.
    #[track_caller]
    pub fn chat(&self, tid: &str) -> Chat<H::X> {
        self.ok(self.client.chats().by_thread_id(tid)).expect("the bot is in this chat")
    }

    /// The bot in the lobby, which has an avatar, an alert by Anna, and the group of those on call as members.
    pub fn bot(&self) -> Bot<H::X> {
        let anna = self.sandbox.as_person(org::ANNA);
        anna.add_groups(org::LOBBY, &[org::ON_CALL]).expect("Anna administers the lobby");
        anna.post_alert(org::LOBBY, "Pump 3 is down", "alert").expect("Anna is in the lobby");
        let mut chat = self.chat(org::LOBBY);
        self.ok(chat.set_avatar(Image::from_bytes(AVATAR)));
        let alert = self.ok(chat.messages(None)).messages.pop().expect("Anna has just posted it");
        let reaction = self.ok(chat.send_reaction(&alert, ReactionType::Ok));
        Bot { client: self.client.clone(), chat, alert, reaction }
    }

    /// Runs an operation of the table.
    ///
    /// # Errors
    ///
    /// The error of the operation.
    pub fn run(&self, operation: Operation, bot: &mut Bot<H::X>) -> Result<String, Error> {
        operation.run(bot, Wait::<H>::default())
    }
}

impl<H: Harness> Default for Fixture<H> {
    fn default() -> Self {
        Self::new()
    }
}

/// Fails a test that has succeeded so far if an exchange broke the contract.
impl<H: Harness> Drop for Fixture<H> {
    fn drop(&mut self) {
        let violations = &self.observed.lock().unwrap_or_else(PoisonError::into_inner).violations;
        assert!(violations.is_empty() || thread::panicking(), "violations of the contract:\n{}", violations.join("\n"));
    }
}

/// The sandbox's URL and key, and retries at once.
pub fn config(sandbox: &Sandbox) -> Config {
    config_of(sandbox, None, None)
}

/// Same as [`config`], for the backend of the example protocol if there is one, or through the proxy if there is one.
fn config_of(sandbox: &Sandbox, second: Option<&SecondBackend>, proxy: Option<&AlteringProxy>) -> Config {
    let credentials = Credentials::new(sandbox.app_id(), sandbox.secret()).expect("the key of a sandbox is valid");
    let config = match second {
        Some(backend) => Config::new(&backend.url(), credentials)
            .map(|config| config.with_protocol(Second::default().with_poll_interval(POLL_INTERVAL))),
        None => Config::new(&proxy.map_or_else(|| sandbox.url(), AlteringProxy::url), credentials),
    };
    let config = config.expect("both are on loopback");
    let moment = Duration::from_millis(1);
    config.with_retry(RetryPolicy { initial_backoff: moment, max_backoff: moment, ..RetryPolicy::default() })
}

/// Checks an exchange. Returns the refusal in it, if there is one.
fn check(exchange: &ObservedExchange) -> Result<Option<Refusal>, String> {
    // A request without a response is not checked.
    let Some(observed) = &exchange.response else { return Ok(None) };
    let mut request = Request::new(exchange.request_body.clone());
    *request.method_mut() = exchange.method.clone();
    *request.uri_mut() = exchange.uri.clone();
    *request.headers_mut() = exchange.request_headers.clone();
    let wrong = |what: String| format!("{} {}: {what}", exchange.method, exchange.uri);
    // A request that is rejected for its head is rejected before its body is read.
    let was_sent = exchange.request_headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    let contract = Contract::load();
    let operation = if exchange.request_headers.contains_key(ALTERED) {
        contract.find(&request)
    } else if was_sent && exchange.request_body.is_empty() {
        contract.check_head(&request)
    } else {
        contract.check_request(&request)
    };
    let operation = operation.map_err(|violation| wrong(violation.to_string()))?;
    if observed.injected {
        return Ok(None);
    }
    let mut response = Response::new(observed.body.clone());
    *response.status_mut() = observed.status;
    *response.headers_mut() = observed.headers.clone();
    // The server's HTTP stack adds the header if it is missing.
    let length = HeaderValue::from(observed.body.len());
    response.headers_mut().entry(header::CONTENT_LENGTH).or_insert(length);
    contract.check_response(&operation, &response).map_err(|violation| wrong(violation.to_string()))?;
    let problem: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let code = problem["code"].as_str().filter(|_| !observed.status.is_success());
    Ok(code.map(|code| (operation.as_str().to_owned(), observed.status.as_u16(), code.to_owned())))
}
