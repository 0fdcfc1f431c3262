//! The observers that write to the crates `log` and `tracing`.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::{Debug, Write},
    future::Future,
    mem,
    pin::pin,
    sync::{Mutex, OnceLock},
    task::{Context, Waker},
    thread::{self, ThreadId},
    time::Duration,
};

use chrono::DateTime;
use teamwire_core::{
    Client, Error, Script,
    claim::StoreError,
    effect::{Moment, Now},
    observe::{ClaimState, Observation, Observer},
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record as SpanRecord},
};

use crate::support::Record;

/// Keeps the log records of all threads.
struct Logger;

static LOG: Mutex<Vec<(ThreadId, String)>> = Mutex::new(Vec::new());

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "teamwire"
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{} {}", record.level(), record.args());
            LOG.lock().expect("no logger has panicked").push((thread::current().id(), line));
        }
    }

    fn flush(&self) {}
}

/// A script on which a post fails once, is then posted, and a feed fails.
fn script(record: teamwire_core::Config) -> Script {
    Script::with_config(record)
        .then(expect::post("c1"), respond::unavailable(1))
        .then(expect::post("c1"), respond::message(sample::message("m1", "c1", "a text that is not logged")))
        .then(expect::message_updates("c1"), respond::not_found())
}

fn run(script: &Script) {
    let client = Client::new(script.clone());
    client.chats().chat("c1").post("a text that is not logged").expect("it is posted");
    client.chats().chat("c1").new_messages(None).last().expect("it ends").expect_err("there is no such chat");
}

/// Sends all changes of a claim to an observer.
fn send_claims(observer: &impl Observer) {
    let error = Error::from(StoreError::unavailable("Redis at localhost is away"));
    let now = Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH);
    let retry_at = now.moment.saturating_add(Duration::from_millis(500));
    for state in [
        ClaimState::Held { claim: "m-1.2", fence: 17, tries: 3 },
        ClaimState::StoreUnavailable { attempt: 4, error: &error, retry_at },
        ClaimState::StoreAvailable,
        ClaimState::Lost { claim: "m-1.2" },
        ClaimState::Released { claim: "m-1.3", is_unfinished: true },
        ClaimState::Failed { error: &error },
    ] {
        observer.observe(now, &Observation::Claim { feed: "all_messages", state });
    }
}

/// Returns the log records of this thread while `run` runs.
fn logged(run: impl FnOnce()) -> Vec<String> {
    static LOGGER: OnceLock<()> = OnceLock::new();
    LOGGER.get_or_init(|| {
        log::set_logger(&Logger).expect("it is set once");
        log::set_max_level(log::LevelFilter::Trace);
    });
    run();
    let own = |(thread, line): &(ThreadId, String)| (*thread == thread::current().id()).then(|| line.clone());
    LOG.lock().expect("no logger has panicked").iter().filter_map(own).collect()
}

#[test]
fn log_of_failures_has_each_fact_once() {
    let config = Record::default().config().with_observer(teamwire_blocking::observe::ToLog);
    let lines = logged(|| {
        let script = Script::with_config(config)
            .then(expect::message_updates("c1"), respond::no_updates("k0"))
            .on(expect::message_updates("c1").cursor("k0"), [Respond::unreachable().times(2), respond::not_found()])
            .on(expect::post("c1"), [Respond::unreachable().times(4)]);
        let client = Client::new(script);
        client.chats().chat("c1").new_messages(None).last().expect("it ends").expect_err("there is no such chat");
        client.chats().chat("c1").post("hello").expect_err("there is no network");
    });
    let failures: Vec<_> = lines.iter().filter(|line| line.starts_with("WARN feed")).collect();
    let second = failures.get(1).expect("there is a second failure");
    assert!(second.contains(": retried in ") && second.contains("after 2 attempts"), "{second}");
    let last = lines.last().expect("there is one");
    assert!(last.contains(": failed in ") && last.contains("after 4 attempts"), "{last}");
    for line in failures.into_iter().chain([last]) {
        let is_once = |fact: &str| line.matches(fact).count() == 1;
        assert!(is_once(" in chat c1") && (is_once("new_messages") || is_once("post")), "{line}");
        assert!(!line.contains(": failure ") && !line.contains(" requests "), "{line}");
    }
}

#[test]
fn log_has_a_record_for_each_change_of_a_claim() {
    let lines = logged(|| send_claims(&teamwire_blocking::observe::ToLog));
    let expected = [
        "DEBUG claim of all_messages: held as m-1.2, fence 17, try 3",
        "WARN claim of all_messages: failure 4, retried in 500ms: Redis at localhost is away",
        "DEBUG claim of all_messages: the store is available",
        "WARN claim of all_messages: lost m-1.2",
        "DEBUG claim of all_messages: released m-1.3, with an event that is not handled",
        "WARN claim of all_messages: failed: Redis at localhost is away",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn changes_of_claims_are_events_without_a_span() {
    Spans::subscribe();
    send_claims(&teamwire_blocking::observe::ToTracing::new());
    let lines = Spans::with(mem::take).lines;
    let expected = [
        ("DEBUG", "claim=\"m-1.2\" fence=17 tries=3"),
        ("WARN", "attempt=4 error=Redis at localhost is away wait=500ms"),
        ("DEBUG", "the store is available"),
        ("WARN", "lost"),
        ("DEBUG", "claim=\"m-1.3\" is_unfinished=true"),
        ("WARN", "error=Redis at localhost is away"),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, (level, part)) in lines.iter().zip(expected) {
        let is_of_feed = line.contains("feed=\"all_messages\"");
        assert!(line.starts_with(level) && is_of_feed && line.contains(part), "{line} should contain {part}");
    }
}

#[test]
fn log_has_a_record_for_each_observation() {
    let lines = logged(|| run(&script(Record::default().config().with_observer(teamwire_blocking::observe::ToLog))));
    let text = lines.join("\n");
    let expected = [
        ("DEBUG", "post in chat c1: started"),
        ("TRACE", "post in chat c1: request 1"),
        ("WARN", "post in chat c1: request 1 is retried in"),
        ("TRACE", "post in chat c1: request 2"),
        ("DEBUG", "post in chat c1: finished after 2 requests"),
        ("DEBUG", "messages in chat c1: polling"),
        ("WARN", "failed: new_messages in chat c1: "),
    ];
    assert_eq!(lines.len(), expected.len(), "{text}");
    for (line, (level, part)) in lines.iter().zip(expected) {
        assert!(line.starts_with(level) && line.contains(part), "{line}");
    }
    assert!(!text.contains("not logged") && !text.contains("the secret"), "{text}");
}

/// Keeps the spans and events of each thread. It is the subscriber of the whole process: one for each test would depend
/// on the order in which they start, because `tracing` keeps the interest of subscribers in a record.
struct Spans;

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// The spans and events of a thread.
#[derive(Default)]
struct State {
    next: u64,
    /// The number of references to each open span.
    open: BTreeMap<u64, usize>,
    entered: usize,
    lines: Vec<String>,
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").expect("writing to a string does not fail");
    }
}

impl Spans {
    /// Subscribes, the first time.
    fn subscribe() {
        static SUBSCRIBED: OnceLock<()> = OnceLock::new();
        SUBSCRIBED.get_or_init(|| tracing::subscriber::set_global_default(Self).expect("it is set once"));
    }

    fn with<T>(act: impl FnOnce(&mut State) -> T) -> T {
        STATE.with_borrow_mut(act)
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "teamwire" || metadata.target() == "test"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(span.metadata().name().to_owned());
        span.record(&mut fields);
        Self::with(|state| {
            state.next += 1;
            state.open.insert(state.next, 1);
            state.lines.push(fields.0);
            Id::from_u64(state.next)
        })
    }

    fn record(&self, span: &Id, values: &SpanRecord<'_>) {
        let mut fields = Fields(format!("record {}", span.into_u64()));
        values.record(&mut fields);
        Self::with(|state| state.lines.push(fields.0));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(event.metadata().level().to_string());
        if let Some(parent) = event.parent() {
            write!(fields.0, " in {}", parent.into_u64()).expect("writing to a string does not fail");
        }
        event.record(&mut fields);
        Self::with(|state| state.lines.push(fields.0));
    }

    fn enter(&self, _: &Id) {
        Self::with(|state| state.entered += 1);
    }

    fn exit(&self, _: &Id) {}

    fn clone_span(&self, id: &Id) -> Id {
        Self::with(|state| *state.open.get_mut(&id.into_u64()).expect("it is open") += 1);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        Self::with(|state| {
            let count = state.open.get_mut(&id.into_u64()).expect("it is open");
            *count -= 1;
            let is_closed = *count == 0;
            if is_closed {
                state.open.remove(&id.into_u64());
            }
            is_closed
        })
    }
}

#[test]
fn operations_are_spans_that_are_closed_and_never_entered() {
    Spans::subscribe();
    run(&script(Record::default().config().with_observer(teamwire_blocking::observe::ToTracing::new())));
    let state = Spans::with(mem::take);
    assert!(state.open.is_empty() && state.entered == 0, "{:?}", state.open);
    let text = state.lines.join("\n");
    let expected = [
        ("operation", "operation=\"post\" chat=c1"),
        ("TRACE in 1", "message=request attempt=1"),
        ("WARN in 1", "message=retrying attempt=1"),
        ("TRACE in 1", "attempt=2"),
        ("record 1", "requests=2"),
        ("record 1", "status=201"),
        ("DEBUG in 1", "finished"),
        ("DEBUG", "polling"),
        ("WARN", "failed"),
    ];
    assert_eq!(state.lines.len(), expected.len(), "{text}");
    for (line, (begin, part)) in state.lines.iter().zip(expected) {
        assert!(line.starts_with(begin) && line.contains(part), "{line} should contain {begin} {part}");
    }
    assert!(!text.contains("not logged") && !text.contains("the secret"), "{text}");
}

#[test]
fn span_of_a_dropped_future_is_closed() {
    Spans::subscribe();
    let config = Record::default().config().with_observer(teamwire_async_std::observe::ToTracing::new());
    let script = Script::with_config(config).then(expect::post("c1"), Respond::unreachable());
    let chat = teamwire_async_std::scripted(&script).chats().chat("c1");
    let mut post = Box::pin(chat.post("hello"));
    assert!(pin!(&mut post).poll(&mut Context::from_waker(Waker::noop())).is_pending(), "it waits");
    assert_eq!(Spans::with(|state| state.open.len()), 1);
    drop(post);
    assert!(Spans::with(|state| state.open.is_empty()));
}
