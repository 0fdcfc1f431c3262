//! A whole executor: what is left to do when the core decides everything.

#![allow(unreachable_pub, reason = "it is tested with all other executors, from another crate")]

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

/// Performs each request on a connection of its own. Clones share the session: that is what makes them one bot.
#[derive(Clone, Debug)]
pub struct Plain {
    session: Session,
    epoch: Instant,
}

impl Plain {
    pub fn new(config: Config) -> Self {
        // From the operating system, by the only way that `std` has: no other session ever has its idempotency keys.
        let random = RandomState::new();
        let entropy: Vec<u8> = (0_u8..4).flat_map(|number| random.hash_one(number).to_le_bytes()).collect();
        let entropy = entropy.try_into().expect("four times eight are 32");
        Self { session: Session::new(config, entropy), epoch: Instant::now() }
    }

    /// What every machine asks for in the same way, be it an operation or a feed.
    fn carry_out<M: Machine, E, T>(&self, machine: &mut M, step: Step<E, T>) {
        match step {
            // A request, complete but for what belongs to HTTP itself. The ticket says which one a reply is for.
            Step::Send(ticket, exchange) => {
                let reply = http::perform(&exchange);
                machine.handle(self.now(), ticket, reply);
            }
            Step::File(ticket, task) => machine.handle(self.now(), ticket, Reply::File(files::perform(&task))),
            // Until the next attempt. Whether there is one, and when, the core has decided.
            Step::Sleep(moment) => thread::sleep(moment.saturating_duration_since(self.now().moment)),
            Step::Event(_) | Step::Done(_) => {}
        }
    }
}

impl Executor for Plain {
    // What an operation is to its caller: here the result. Of an asynchronous executor, it is a future of that.
    type Run<'a, T: Send + 'a> = Result<T, Error>;
    // And a subscription: here an iterator, there a stream.
    type Events<F: Feed + 'static> = Events<F>;

    fn session(&self) -> &Session {
        &self.session
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
