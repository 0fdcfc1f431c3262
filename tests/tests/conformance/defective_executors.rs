//! The suite detects defective executors: each of them fails a test, and no test hangs.
//!
//! Each is the hand-written executor, with a defect between it and its machines.

use std::{fmt::Debug, marker::PhantomData, time::Duration};

use teamwire_core::{
    Client, Config, Error,
    effect::{Now, Timeout},
    executor::{Executor, Session},
    flow::Flow,
    machine::{Feed, Machine, Reply, Step, Ticket},
};
use teamwire_tests::{
    harness::{Handwritten, Harness, Stop},
    limit,
};

use crate::{feeds::ends, network, waits};

/// A defect: a change to each step and reply that passes.
trait Defect: Copy + Debug + Send + Sync + 'static {
    /// Returns `true` if a stop is lost.
    const IGNORES_STOP: bool = false;

    fn step<E, T>(_now: Now, step: Step<E, T>) -> Step<E, T> {
        step
    }

    fn reply(reply: Reply) -> Reply {
        reply
    }
}

/// Changes nothing.
#[derive(Clone, Copy, Debug)]
struct Sound;

impl Defect for Sound {}

/// Reports for each failure that a byte of the request may have been sent.
#[derive(Clone, Copy, Debug)]
struct ClaimsSent;

impl Defect for ClaimsSent {
    fn reply(reply: Reply) -> Reply {
        match reply {
            Reply::Error(fault) => Reply::Error(fault.with_sent(true)),
            other => other,
        }
    }
}

/// Reports for each failure that no byte of the request was sent.
#[derive(Clone, Copy, Debug)]
struct DeniesSent;

impl Defect for DeniesSent {
    fn reply(reply: Reply) -> Reply {
        match reply {
            Reply::Error(fault) => Reply::Error(fault.with_sent(false)),
            other => other,
        }
    }
}

/// Polls again at once instead of sleeping.
#[derive(Clone, Copy, Debug)]
struct Spins;

impl Defect for Spins {
    fn step<E, T>(now: Now, step: Step<E, T>) -> Step<E, T> {
        match step {
            Step::Sleep(_) => Step::Sleep(now.moment),
            other => other,
        }
    }
}

/// Never stops waiting for a response.
#[derive(Clone, Copy, Debug)]
struct NeverTimesOut;

impl Defect for NeverTimesOut {
    fn step<E, T>(_: Now, step: Step<E, T>) -> Step<E, T> {
        match step {
            Step::Send(ticket, mut exchange) => {
                exchange.timeout = Timeout::Total(Duration::from_secs(86_400));
                Step::Send(ticket, exchange)
            }
            other => other,
        }
    }
}

/// Continues a feed that was stopped.
#[derive(Clone, Copy, Debug)]
struct NeverStops;

impl Defect for NeverStops {
    const IGNORES_STOP: bool = true;
}

/// A machine behind a defect.
struct Behind<M, D>(M, PhantomData<D>);

impl<M: Machine, D: Defect> Machine for Behind<M, D> {
    type Event = M::Event;
    type Output = M::Output;

    fn poll(&mut self, now: Now) -> Step<M::Event, Result<M::Output, Error>> {
        D::step(now, self.0.poll(now))
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.0.handle(now, ticket, D::reply(reply));
    }
}

impl<F: Feed, D: Defect> Feed for Behind<F, D> {
    fn stop(&mut self, now: Now) {
        if !D::IGNORES_STOP {
            self.0.stop(now);
        }
    }

    fn is_stopped(&self) -> bool {
        self.0.is_stopped()
    }

    fn has_started(&self) -> bool {
        self.0.has_started()
    }
}

type Plain = <Handwritten as Harness>::X;

/// The hand-written executor with a defect.
#[derive(Clone, Debug)]
struct Defective<D>(Plain, PhantomData<D>);

impl<D: Defect> Executor for Defective<D> {
    type Run<'a, T: Send + 'a> = Result<T, Error>;
    type Events<F: Feed + 'static> = <Plain as Executor>::Events<Behind<F, D>>;

    fn session(&self) -> &Session {
        self.0.session()
    }

    fn with_session(&self, session: Session) -> Self {
        Self(self.0.with_session(session), PhantomData)
    }

    fn now(&self) -> Now {
        self.0.now()
    }

    fn run<'a, F: Flow + 'a>(&'a self, flow: F) -> Result<F::Output, Error>
    where
        F::Output: 'a,
    {
        self.0.run(Behind::<_, D>(flow, PhantomData))
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> Self::Events<F> {
        self.0.events(Behind(feed, PhantomData))
    }
}

/// The harness of the hand-written executor with a defect.
#[derive(Clone, Copy, Debug)]
struct With<D>(PhantomData<D>);

impl<D: Defect> Harness for With<D> {
    type X = Defective<D>;

    const NAME: &'static str = "defective";

    const KEEPS_CONNECTIONS: bool = Handwritten::KEEPS_CONNECTIONS;

    fn connect(config: Config) -> Client<Self::X> {
        Client::new(Defective(Handwritten::connect(config).executor().clone(), PhantomData))
    }

    fn wait<'a, T: Send + 'a>(run: Result<T, Error>) -> Result<T, Error> {
        run
    }

    fn next<F: Feed + 'static>(events: &mut <Self::X as Executor>::Events<F>) -> Option<Result<F::Event, Error>> {
        Handwritten::next(events)
    }

    fn stop<F: Feed + 'static>(events: &mut <Self::X as Executor>::Events<F>) {
        Handwritten::stop(events);
    }

    fn stopper<F: Feed + 'static>(_: &<Self::X as Executor>::Events<F>) -> Option<Stop> {
        None
    }
}

/// Returns the panic of a test with this defect.
macro_rules! broken {
    ($defect:ty, $module:ident::$promise:ident, $limit:expr) => {{
        // The wrapper itself has no defect.
        limit::run(concat!("sound: ", stringify!($promise)), $module::$promise::<With<Sound>>);
        let outcome = limit::within($limit, stringify!($promise), $module::$promise::<With<$defect>>);
        let panic = outcome.expect_err("the defect should be noticed");
        panic.downcast::<String>().map(|text| *text).expect("the test fails with a text")
    }};
}

/// Longer than any test takes that ends.
const AMPLE: Duration = Duration::from_secs(600);
/// A test that never ends exceeds any limit.
const SHORT: Duration = Duration::from_secs(3);

#[test]
fn executor_that_claims_each_request_was_sent_is_caught() {
    let why = broken!(ClaimsSent, network::request_without_a_server_is_known_not_to_have_arrived, AMPLE);
    assert!(why.contains("nothing was sent"), "{why}");
}

#[test]
fn executor_that_denies_each_request_was_sent_is_caught() {
    let why = broken!(DeniesSent, network::missing_response_is_a_timeout, AMPLE);
    assert!(why.contains("(true, false)") && why.contains("(true, true)"), "{why}");
}

#[test]
fn executor_that_spins_is_caught() {
    for why in [
        broken!(Spins, waits::operation_sleeps_through_a_wait, AMPLE),
        broken!(Spins, waits::feed_sleeps_through_a_wait, AMPLE),
    ] {
        assert!(why.contains("times in one wait"), "{why}");
    }
}

#[test]
fn executor_that_never_times_out_is_caught() {
    let why = broken!(NeverTimesOut, network::missing_response_is_a_timeout, SHORT);
    assert_eq!(why, format!("missing_response_is_a_timeout has not ended within {SHORT:?}"));
}

#[test]
fn executor_that_never_stops_is_caught() {
    let why = broken!(NeverStops, ends::stopped_feed_delivers_what_had_arrived_and_unsubscribes, SHORT);
    assert!(why.ends_with(&format!("_and_unsubscribes has not ended within {SHORT:?}")), "{why}");
}
