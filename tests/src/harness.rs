//! The executors behind one trait, so that a suite is written once for all of them.

use std::{fmt::Debug, marker::PhantomData};

use teamwire_core::{Client, Config, Error, executor::Executor, machine::Feed};

use crate::{
    operations::{Operation, Visitor},
    second_backend::UNSUPPORTED,
};

#[path = "../../blocking/examples/hyper_blocking/transport.rs"]
mod blocking_hyper_transport;
#[path = "../../async-std-adapter/examples/write_your_own_executor/executor.rs"]
mod handwritten;
#[path = "../../async-std-adapter/examples/hyper_async/transport.rs"]
mod hyper_transport;

pub use teamwire_async_std::smol::Smol as SmolRuntime;

/// An executor under test.
pub trait Harness: Debug + 'static {
    /// The executor.
    type X: Executor + Debug;

    /// Its name.
    const NAME: &'static str;

    /// True if it reuses connections.
    const KEEPS_CONNECTIONS: bool = true;

    /// True if its clients speak the example protocol, to a [`SecondBackend`](crate::second_backend::SecondBackend).
    const SPEAKS_SECOND: bool = false;

    /// The operations that its protocol has.
    fn operations() -> impl Iterator<Item = Operation> {
        let is_supported = |operation: &Operation| !UNSUPPORTED.iter().any(|(unsupported, _)| unsupported == operation);
        Operation::ALL.iter().copied().filter(move |operation| !Self::SPEAKS_SECOND || is_supported(operation))
    }

    /// A client with these options.
    fn connect(config: Config) -> Client<Self::X>;

    /// Waits for the outcome of an operation.
    ///
    /// # Errors
    ///
    /// The error of the operation.
    fn wait<'a, T: Send + 'a>(run: <Self::X as Executor>::Run<'a, T>) -> Result<T, Error>
    where
        Self::X: 'a;

    /// Waits for the next event of a feed; `None` after its end.
    fn next<F: Feed + 'static>(events: &mut <Self::X as Executor>::Events<F>) -> Option<Result<F::Event, Error>>;

    /// Stops a feed. Events that have arrived are still delivered.
    fn stop<F: Feed + 'static>(events: &mut <Self::X as Executor>::Events<F>);

    /// A handle that stops a feed from another thread; `None` if this executor has none.
    fn stopper<F: Feed + 'static>(events: &<Self::X as Executor>::Events<F>) -> Option<Stop>;
}

/// Stops a feed, from any thread.
pub type Stop = Box<dyn Fn() + Send + Sync>;

/// An executor whose operations block, and whose feeds are iterators.
macro_rules! synchronous {
    ($(#[$doc:meta])* $harness:ident, $name:literal, $connect:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $harness;

        impl Harness for $harness {
            type X = teamwire_blocking::BlockingExecutor;

            const NAME: &'static str = $name;

            fn connect(config: Config) -> Client<Self::X> {
                $connect(config).expect("the options are valid")
            }

            fn wait<'a, T: Send + 'a>(run: Result<T, Error>) -> Result<T, Error> {
                run
            }

            fn next<F: Feed + 'static>(events: &mut teamwire_blocking::Events<F>) -> Option<Result<F::Event, Error>> {
                events.next()
            }

            fn stop<F: Feed + 'static>(events: &mut teamwire_blocking::Events<F>) {
                events.stop_handle().stop();
            }

            fn stopper<F: Feed + 'static>(events: &teamwire_blocking::Events<F>) -> Option<Stop> {
                let stop_handle = events.stop_handle();
                Some(Box::new(move || stop_handle.stop()))
            }
        }
    };
}

synchronous! {
    /// The adapter for synchronous programs.
    Blocking, "blocking", teamwire_blocking::client
}

synchronous! {
    /// The same adapter on the transport of its example.
    BlockingHyper, "blocking-hyper", |config| {
        let transport = blocking_hyper_transport::Hyper::default();
        teamwire_blocking::BlockingExecutor::with_transport(config, transport).map(Client::new)
    }
}

/// An executor whose operations are futures, and whose feeds are streams.
macro_rules! asynchronous {
    ($(#[$doc:meta])* $harness:ident, $name:literal, $runtime:ty, $connect:expr, $block_on:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $harness;

        impl Harness for $harness {
            type X = teamwire_async_std::AsyncExecutor<$runtime>;

            const NAME: &'static str = $name;

            fn connect(config: Config) -> Client<Self::X> {
                $connect(config).expect("the options are valid")
            }

            fn wait<'a, T: Send + 'a>(run: <Self::X as Executor>::Run<'a, T>) -> Result<T, Error> {
                $block_on(run)
            }

            fn next<F: Feed + 'static>(
                events: &mut <Self::X as Executor>::Events<F>,
            ) -> Option<Result<F::Event, Error>> {
                $block_on(events.next())
            }

            fn stop<F: Feed + 'static>(events: &mut <Self::X as Executor>::Events<F>) {
                events.stop_handle().stop();
            }

            fn stopper<F: Feed + 'static>(events: &<Self::X as Executor>::Events<F>) -> Option<Stop> {
                let stop_handle = events.stop_handle();
                Some(Box::new(move || stop_handle.stop()))
            }
        }
    };
}

asynchronous! {
    /// The adapter for async-std.
    AsyncStd, "async-std", teamwire_async_std::AsyncStdRuntime, teamwire_async_std::client, async_std::task::block_on
}

asynchronous! {
    /// The same adapter on smol.
    Smol, "smol", SmolRuntime, teamwire_async_std::smol::client, smol::block_on
}

asynchronous! {
    /// The same on the transport of its example.
    Hyper, "hyper", SmolRuntime, |config| {
        let transport = hyper_transport::Hyper::new(SmolRuntime);
        teamwire_async_std::AsyncExecutor::with_transport(SmolRuntime, config, transport).map(Client::new)
    }, smol::block_on
}

/// The executor of the example `write_your_own_executor`.
#[derive(Clone, Copy, Debug)]
pub struct Handwritten;

impl Harness for Handwritten {
    type X = handwritten::Plain;

    const NAME: &'static str = "handwritten";

    const KEEPS_CONNECTIONS: bool = false;

    fn connect(config: Config) -> Client<Self::X> {
        Client::new(handwritten::Plain::new(config))
    }

    fn wait<'a, T: Send + 'a>(run: Result<T, Error>) -> Result<T, Error> {
        run
    }

    fn next<F: Feed + 'static>(events: &mut handwritten::Events<F>) -> Option<Result<F::Event, Error>> {
        events.next()
    }

    fn stop<F: Feed + 'static>(events: &mut handwritten::Events<F>) {
        events.stop();
    }

    fn stopper<F: Feed + 'static>(_: &handwritten::Events<F>) -> Option<Stop> {
        None
    }
}

/// An executor whose clients speak the example protocol.
#[derive(Clone, Copy, Debug)]
pub struct Second<H>(PhantomData<H>);

/// [`Blocking`] with the example protocol.
pub type BlockingSecond = Second<Blocking>;

/// [`AsyncStd`] with the example protocol.
pub type AsyncSecond = Second<AsyncStd>;

impl<H: Harness> Harness for Second<H> {
    type X = H::X;

    const NAME: &'static str = H::NAME;

    const KEEPS_CONNECTIONS: bool = H::KEEPS_CONNECTIONS;

    const SPEAKS_SECOND: bool = true;

    fn connect(config: Config) -> Client<H::X> {
        H::connect(config)
    }

    fn wait<'a, T: Send + 'a>(run: <H::X as Executor>::Run<'a, T>) -> Result<T, Error>
    where
        H::X: 'a,
    {
        H::wait(run)
    }

    fn next<F: Feed + 'static>(events: &mut <H::X as Executor>::Events<F>) -> Option<Result<F::Event, Error>> {
        H::next::<F>(events)
    }

    fn stop<F: Feed + 'static>(events: &mut <H::X as Executor>::Events<F>) {
        H::stop::<F>(events);
    }

    fn stopper<F: Feed + 'static>(events: &<H::X as Executor>::Events<F>) -> Option<Stop> {
        H::stopper::<F>(events)
    }
}

/// Waits for an operation of the table, and shows its result as text.
#[derive(Clone, Copy, Debug)]
pub struct Wait<H>(PhantomData<H>);

impl<H> Default for Wait<H> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<H: Harness> Visitor<H::X> for Wait<H> {
    type Output = Result<String, Error>;

    fn visit<'a, T: Debug + Send + 'a>(self, run: <H::X as Executor>::Run<'a, T>) -> Self::Output
    where
        H::X: 'a,
    {
        H::wait(run).map(|output| format!("{output:?}"))
    }
}
