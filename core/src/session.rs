//! State shared by all operations of a bot: its configuration, idempotency keys, location shares and pace.

use alloc::{collections::BTreeMap, string::String, sync::Arc, vec::Vec};
use core::{
    fmt::{self, Write},
    sync::atomic::{AtomicU64, Ordering},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::HeaderValue;

use crate::{
    config::{Config, RetryPolicy},
    effect::Moment,
    error::Error,
    ledger::Ledger,
    login::Gate,
    machine::Ticket,
    observe::{Observer, OperationId, SharedObserver},
    pacing::Pacer,
    protocol::Protocol,
    redaction::Redaction,
    shared::Shared,
    stop_handle::{OnStop, StopHandle},
};

/// State shared by all operations of a bot, with the retry policy, deadline and stop handle of a client. Clones are the
/// same session.
///
/// A [client](crate::Client::with_retry) with another retry policy, a deadline or a stop handle has another view of the
/// same session: they share keys, location shares, pace and login.
#[derive(Clone)]
pub struct Session(Arc<View>);

/// The settings of a client that others of the same session need not have.
#[derive(Clone)]
struct View {
    inner: Arc<Inner>,
    retry: RetryPolicy,
    deadline: Option<Moment>,
    stop: Option<Stop>,
}

/// The handle of a view.
#[derive(Clone)]
struct Stop {
    feeds: StopHandle,
    operations: StopHandle,
    /// Count the grace of a stop, until the view is dropped.
    graces: Vec<Arc<OnStop>>,
}

struct Inner {
    config: Config,
    authorization: Option<HeaderValue>,
    /// `None` if the protocol has no login.
    gate: Option<Gate>,
    user_agent: HeaderValue,
    /// The part of the idempotency keys that is unique to this session.
    key_prefix: String,
    jitter_seed: u64,
    /// Makes tickets, keys and random numbers unique.
    counter: AtomicU64,
    ledger: Ledger,
    pacer: Pacer,
    /// The retries that are to be observed: see [`Session::note_retry`].
    retries: Shared<BTreeMap<Ticket, (Error, Moment)>>,
}

impl Session {
    /// Creates a session with this configuration.
    ///
    /// Idempotency keys and jitter are derived from `entropy`, which adapters take from the operating system and tests
    /// set to a constant. **Never use the same bytes twice in production**: the keys would repeat, and the server would
    /// take a new request for a repetition and not perform it. For the same reason, create sessions **after** a `fork`,
    /// because the parent and the child would use the same keys.
    pub fn new(config: Config, entropy: [u8; 32]) -> Self {
        let (unique, jitter) = entropy.split_at(24);
        let jitter_seed = jitter.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let mut authorization = config.protocol.authorization(&config.credentials);
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        let has_login = !matches!(config.protocol.login(&config.credentials), Ok(None));
        let user_agent = HeaderValue::try_from(config.user_agent.as_str())
            .expect("Config accepts only a user agent of printable ASCII");
        let retry = config.retry;
        let inner = Arc::new(Inner {
            config,
            authorization,
            gate: has_login.then(Gate::new),
            user_agent,
            key_prefix: BASE64_URL_SAFE_NO_PAD.encode(unique),
            jitter_seed,
            counter: AtomicU64::new(0),
            ledger: Ledger::new(),
            pacer: Pacer::default(),
            retries: Shared::default(),
        });
        Self(Arc::new(View { inner, retry, deadline: None, stop: None }))
    }

    /// Returns a view with this retry policy.
    pub(crate) fn with_retry(&self, retry: RetryPolicy) -> Self {
        Self(Arc::new(View { retry, ..(*self.0).clone() }))
    }

    /// Returns a view whose operations end at this time, or at an earlier deadline of this view.
    pub(crate) fn with_deadline(&self, deadline: Moment) -> Self {
        let deadline = self.0.deadline.map_or(deadline, |earlier| earlier.min(deadline));
        Self(Arc::new(View { deadline: Some(deadline), ..(*self.0).clone() }))
    }

    /// Returns a view whose operations are stopped by this handle, and by that of this view. `grace` counts the grace
    /// of the handle.
    pub(crate) fn stopped_by(&self, stop: &StopHandle, grace: OnStop) -> Self {
        let (feeds, mut graces) = match &self.0.stop {
            Some(other) => (StopHandle::any([&other.feeds, stop]), other.graces.clone()),
            None => (stop.clone(), Vec::new()),
        };
        graces.push(Arc::new(grace));
        let stop = Stop { operations: feeds.operations(), feeds, graces };
        Self(Arc::new(View { stop: Some(stop), ..(*self.0).clone() }))
    }

    /// Returns a view without a deadline and a stop handle, for requests that end what was stopped.
    pub(crate) fn unlimited(&self) -> Self {
        if self.0.deadline.is_none() && self.0.stop.is_none() {
            return self.clone();
        }
        Self(Arc::new(View { deadline: None, stop: None, ..(*self.0).clone() }))
    }

    /// Returns the observer, if there is one.
    pub(crate) fn observer(&self) -> Option<&dyn Observer> {
        self.0.inner.config.observer.as_ref().map(|SharedObserver(observer)| &**observer)
    }

    /// Returns the observer, if there is one, to be kept.
    pub(crate) fn shared_observer(&self) -> Option<Arc<dyn Observer>> {
        self.0.inner.config.observer.as_ref().map(|SharedObserver(observer)| Arc::clone(observer))
    }

    pub(crate) fn operation_id(&self) -> OperationId {
        OperationId(self.count())
    }

    /// Notes for the observer that the request with this ticket failed and will be repeated. The operation around the
    /// request takes the note at once.
    pub(crate) fn note_retry(&self, ticket: Ticket, error: &Error, retry_at: Moment) {
        if self.observer().is_some() {
            self.0.inner.retries.with(|retries| drop(retries.insert(ticket, (error.clone(), retry_at))));
        }
    }

    /// Takes the note of a retry.
    pub(crate) fn take_retry(&self, ticket: Ticket) -> Option<(Error, Moment)> {
        self.0.inner.retries.with(|retries| retries.remove(&ticket))
    }

    /// Returns the retry policy.
    pub(crate) fn retry(&self) -> &RetryPolicy {
        &self.0.retry
    }

    /// Returns the time at which operations end.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.0.deadline
    }

    /// Returns the handle that stops the operations, if there is one. Executors wake up what waits when it is stopped:
    /// the machines look at it when they are polled.
    pub fn stop_handle(&self) -> Option<&StopHandle> {
        self.0.stop.as_ref().map(|stop| &stop.operations)
    }

    /// Returns the handle that stops the feeds, if there is one: [`stop_within`](StopHandle::stop_within) stops it
    /// before that of the operations.
    pub fn feed_stop_handle(&self) -> Option<&StopHandle> {
        self.0.stop.as_ref().map(|stop| &stop.feeds)
    }

    /// Returns `true` if the feeds have been stopped.
    pub(crate) fn are_feeds_stopped(&self) -> bool {
        self.feed_stop_handle().is_some_and(StopHandle::is_stopped)
    }

    /// Returns `true` if the operations have been stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop_handle().is_some_and(StopHandle::is_stopped)
    }

    /// Returns `true` if an operation may fail although one with the configured retry policy would not.
    pub(crate) fn waits_for_less(&self) -> bool {
        let View { inner, retry, deadline, .. } = &*self.0;
        deadline.is_some() || retry.give_up_after.is_some() || retry.max_retries < inner.config.retry.max_retries
    }

    /// Returns the configuration.
    pub fn config(&self) -> &Config {
        &self.0.inner.config
    }

    /// Returns the location shares of the bot.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.0.inner.ledger
    }

    /// Returns the pace of the bot's requests.
    pub(crate) fn pacer(&self) -> &Pacer {
        &self.0.inner.pacer
    }

    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.count())
    }

    /// Returns a new idempotency key, which is unique across all sessions.
    pub(crate) fn idempotency_key(&self) -> String {
        let prefix = &self.0.inner.key_prefix;
        // Allocated once: a request that changes something has one.
        let mut key = String::with_capacity(prefix.len() + 17);
        key.push_str(prefix);
        write!(key, "-{:x}", self.count()).expect("writing to a string does not fail");
        key
    }

    /// Returns characters for the boundary of a [form](crate::effect::Form), which are unique across all sessions and
    /// cannot be predicted by a person who sends or receives messages.
    pub fn boundary(&self) -> String {
        self.idempotency_key()
    }

    /// Returns the next pseudo-random number. For jitter only, not for secrets.
    pub(crate) fn next_random(&self) -> u64 {
        // The finaliser of SplitMix64, applied to the counter.
        let mut z = self.0.inner.jitter_seed.wrapping_add(self.count().wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns the protocol of the backend.
    pub(crate) fn protocol(&self) -> &dyn Protocol {
        &*self.0.inner.config.protocol
    }

    /// Returns the gate before all requests, if the protocol has a login.
    pub(crate) fn gate(&self) -> Option<&Gate> {
        self.0.inner.gate.as_ref()
    }

    /// Returns the redaction of all secrets: of the credentials, and of the last tokens.
    pub(crate) fn redaction(&self) -> Redaction {
        let of_tokens = self.gate().and_then(Gate::redaction);
        of_tokens.unwrap_or_else(|| self.config().credentials.redaction().clone())
    }

    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.0.inner.authorization.as_ref()
    }

    pub(crate) fn user_agent(&self) -> HeaderValue {
        self.0.inner.user_agent.clone()
    }

    fn count(&self) -> u64 {
        self.0.inner.counter.fetch_add(1, Ordering::Relaxed)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("config", &self.0.inner.config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
