//! The executor: the loop that carries out what machines ask for, in the thread that asks.

use std::{fmt, sync::Arc, thread};

use teamwire_core::{Config, Error, Executor, Feed, FeedSet, Flow, InvalidInput, Now, Reply, Script, Session, Step};
use teamwire_platform::{
    Clock, files,
    follow::{Drive, Events, Transport},
};

use crate::http::Http;

/// Performs requests in the thread that asks for them, which waits for the answer.
///
/// Made by [`connect`](crate::connect), or by [`scripted`](crate::scripted). Clones are the same executor: they share
/// its session and its connections.
#[derive(Clone)]
pub struct Blocking {
    session: Session,
    means: Means,
}

#[derive(Clone)]
enum Means {
    Network(Arc<Network>),
    Script(Script),
}

struct Network {
    clock: Clock,
    http: Arc<Http>,
}

impl Blocking {
    pub(crate) fn over_network(config: Config) -> Result<Self, Error> {
        let http = Arc::new(Http::new(&config)?);
        let means = Means::Network(Arc::new(Network { clock: Clock::start(), http }));
        Ok(Self { session: teamwire_platform::session(config)?, means })
    }

    pub(crate) fn over_script(script: Script) -> Self {
        Self { session: script.session().clone(), means: Means::Script(script) }
    }

    /// Drives many feeds with so many threads (at least one): see [`Drive`].
    ///
    /// Raises `InvalidInput` if the operating system has no more threads, and for a client that follows a script, which has
    /// one thread: there, follow each feed by itself.
    pub fn drive<K, F>(&self, set: FeedSet<K, F>, threads: usize) -> Result<Drive<K, F>, Error>
    where
        K: Ord + Clone + Send + 'static,
        F: Feed,
    {
        let refuse = |why: String| Error::from(InvalidInput::new("feeds", why));
        match &self.means {
            Means::Network(network) => Drive::new(set, threads, network.clock, network.apart(), network.http.clone())
                .map_err(|why| refuse(format!("no more threads: {why}"))),
            Means::Script(_) => Err(refuse("a script is followed by one feed at a time".into())),
        }
    }
}

impl Network {
    /// A stack of connections that can be told to give up without harm to the others.
    fn apart(&self) -> Arc<dyn Transport> {
        Arc::new(self.http.apart())
    }
}

impl Executor for Blocking {
    type Run<'a, T: Send + 'a> = Result<T, Error>;

    type Events<F: Feed + 'static> = Events<F>;

    fn session(&self) -> &Session {
        &self.session
    }

    fn now(&self) -> Now {
        match &self.means {
            Means::Network(network) => network.clock.now(),
            Means::Script(script) => script.now(),
        }
    }

    fn run<'a, F: Flow + 'a>(&'a self, mut flow: F) -> Result<F::Output, Error>
    where
        F::Output: 'a,
    {
        let Network { clock, http } = match &self.means {
            Means::Network(network) => &**network,
            Means::Script(script) => return script.run(flow),
        };
        loop {
            match flow.poll(clock.now()) {
                Step::Send(ticket, exchange) => {
                    let reply = http.perform(*exchange);
                    flow.handle(clock.now(), ticket, reply);
                }
                Step::File(ticket, task) => flow.handle(clock.now(), ticket, Reply::File(files::perform(&task))),
                Step::Sleep(moment) => thread::sleep(clock.until(moment)),
                Step::Event(never) => match never {},
                Step::Done(result) => return result,
            }
        }
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> Events<F> {
        match &self.means {
            Means::Network(network) => Events::new(feed, network.clock, network.apart(), network.http.clone()),
            Means::Script(script) => Events::scripted(feed, script),
        }
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").field("session", &self.session).finish_non_exhaustive()
    }
}
