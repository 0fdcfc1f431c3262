//! The two adapters behind one trait, so that the story is written once.

use teamwire_core::{Client, Config, Error, executor::Executor, machine::Feed};

/// An adapter, with a way to wait for its operations and feeds.
pub(crate) trait Adapter {
    type Executor: Executor;

    /// The heading of its column.
    const NAME: &'static str;

    fn client(config: Config) -> Result<Client<Self::Executor>, Error>;

    /// Waits for an operation.
    fn wait<'a, T: Send + 'a>(run: <Self::Executor as Executor>::Run<'a, T>) -> Result<T, Error>
    where
        Self::Executor: 'a;

    /// Waits for the next event of a feed; `None` after its end.
    fn next<F: Feed + 'static>(events: &mut <Self::Executor as Executor>::Events<F>)
    -> Option<Result<F::Event, Error>>;

    /// Stops a feed.
    fn stop<F: Feed + 'static>(events: &<Self::Executor as Executor>::Events<F>);
}

/// `teamwire-blocking`: operations are results, feeds are iterators.
pub(crate) struct Blocking;

impl Adapter for Blocking {
    type Executor = teamwire_blocking::BlockingExecutor;

    const NAME: &'static str = "blocking";

    fn client(config: Config) -> Result<Client<Self::Executor>, Error> {
        teamwire_blocking::client(config)
    }

    fn wait<'a, T: Send + 'a>(run: Result<T, Error>) -> Result<T, Error> {
        run
    }

    fn next<F: Feed + 'static>(events: &mut teamwire_blocking::Events<F>) -> Option<Result<F::Event, Error>> {
        events.next()
    }

    fn stop<F: Feed + 'static>(events: &teamwire_blocking::Events<F>) {
        events.stop_handle().stop();
    }
}

/// `teamwire-async-std`: operations are futures, feeds are streams.
pub(crate) struct AsyncStd;

impl Adapter for AsyncStd {
    type Executor = teamwire_async_std::AsyncStd;

    const NAME: &'static str = "async-std";

    fn client(config: Config) -> Result<Client<Self::Executor>, Error> {
        teamwire_async_std::client(config)
    }

    fn wait<'a, T: Send + 'a>(run: <Self::Executor as Executor>::Run<'a, T>) -> Result<T, Error> {
        async_std::task::block_on(run)
    }

    fn next<F: Feed + 'static>(
        events: &mut <Self::Executor as Executor>::Events<F>,
    ) -> Option<Result<F::Event, Error>> {
        async_std::task::block_on(events.next())
    }

    fn stop<F: Feed + 'static>(events: &<Self::Executor as Executor>::Events<F>) {
        events.stop_handle().stop();
    }
}
