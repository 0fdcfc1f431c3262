//! A complete executor.

#![allow(unreachable_pub, reason = "tests of other crates include it")]

mod events;
mod files;
mod http;

use std::{
    hash::{BuildHasher, RandomState},
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

pub use self::events::Events;
use chrono::DateTime;
use teamwire_core::{
    Config, Error,
    effect::{Moment, Now},
    executor::{Executor, Session},
    flow::Flow,
    machine::{Feed, Machine, Reply, Step},
};

/// An executor that uses a new connection for each request. Clones share the session.
#[derive(Clone, Debug)]
pub struct Plain {
    session: Session,
    epoch: Instant,
}

impl Plain {
    pub fn new(config: Config) -> Self {
        // Unique idempotency keys require entropy, of which this is the only source in `std`.
        let random = RandomState::new();
        let entropy: Vec<u8> = (0_u8..4).flat_map(|number| random.hash_one(number).to_le_bytes()).collect();
        let entropy = entropy.try_into().expect("four times eight are 32");
        Self { session: Session::new(config, entropy), epoch: Instant::now() }
    }

    /// Performs a step of an operation or a feed.
    fn carry_out<M: Machine, E, T>(&self, machine: &mut M, step: Step<E, T>) {
        match step {
            // A request, complete except for the framing of HTTP. The ticket identifies it in the reply.
            Step::Send(ticket, exchange) => {
                let reply = http::perform(&exchange);
                machine.handle(self.now(), ticket, reply);
            }
            Step::File(ticket, task) => machine.handle(self.now(), ticket, Reply::File(files::perform(&task))),
            // The core decides whether and when to retry.
            Step::Sleep(moment) => thread::sleep(moment.saturating_duration_since(self.now().moment)),
            Step::Event(_) | Step::Done(_) => {}
        }
    }
}

impl Executor for Plain {
    // The return type of operations. In an asynchronous executor, it is a future.
    type Run<'a, T: Send + 'a> = Result<T, Error>;
    // The return type of subscriptions. In an asynchronous executor, it is a stream.
    type Events<F: Feed + 'static> = Events<F>;

    fn session(&self) -> &Session {
        &self.session
    }

    // The same executor, for clients with another retry policy, deadline or stop handle.
    fn with_session(&self, session: Session) -> Self {
        Self { session, epoch: self.epoch }
    }

    fn now(&self) -> Now {
        let utc = UNIX_EPOCH.elapsed().unwrap_or(Duration::ZERO);
        let utc = i64::try_from(utc.as_nanos()).map_or(DateTime::UNIX_EPOCH, DateTime::from_timestamp_nanos);
        Now::new(Moment::from_epoch(self.epoch.elapsed()), utc)
    }

    fn run<'a, F: Flow + 'a>(&'a self, mut flow: F) -> Result<F::Output, Error>
    where
        F::Output: 'a,
    {
        loop {
            match flow.poll(self.now()) {
                Step::Done(result) => return result,
                step => self.carry_out(&mut flow, step),
            }
        }
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> Events<F> {
        Events::new(self.clone(), feed)
    }
}
