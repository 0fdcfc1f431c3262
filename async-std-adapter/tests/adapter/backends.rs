//! Backends of one's own: a small world on a virtual clock.

use std::{
    future::{pending, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_std::task;
use teamwire_async_std::{
    AsyncExecutor, AsyncStdRuntime, Client, ErrorKind, FeedOptions, FeedSet, StopHandle,
    backend::{Backend, BoxFuture},
    effect::{Exchange, FileError, FileErrorKind, FileOutcome, FileTask, Moment, Now, Response},
    executor::Session,
    feed::{FeedEnd, FeedSetEvent},
    machine::Reply,
    script::sample,
};
use teamwire_test_support::config;

/// A server that responds to nothing but the request for the bot, on a virtual clock.
#[derive(Default)]
struct World {
    moment: Mutex<Moment>,
    /// The number of exchanges in flight.
    in_flight: Arc<AtomicUsize>,
}

struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Backend for World {
    fn now(&self) -> Now {
        Now::new(*self.moment.lock().expect("no task has panicked"), chrono::DateTime::UNIX_EPOCH)
    }

    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> BoxFuture<Reply> {
        if exchange.request.uri().path().ends_with("/me") {
            let mut response = Response::new(sample::bot().to_string().into_bytes());
            response.headers_mut().insert("content-type", "application/json".parse().expect("it can be in a header"));
            return Box::pin(ready(Reply::Response(response)));
        }
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let in_flight = InFlight(Arc::clone(&self.in_flight));
        Box::pin(async move {
            let _in_flight = in_flight;
            pending().await
        })
    }

    fn file(self: Arc<Self>, _: FileTask) -> BoxFuture<Result<FileOutcome, FileError>> {
        Box::pin(ready(Err(FileError::new("a.txt", FileErrorKind::NotFound, "the world has no files"))))
    }

    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()> {
        Box::pin(async move {
            task::yield_now().await;
            let mut moment = self.moment.lock().expect("no task has panicked");
            *moment = until.max(*moment);
        })
    }
}

/// Returns a client in a new world, and the number of its exchanges in flight.
fn client() -> (Client, Arc<AtomicUsize>) {
    let world = World::default();
    let in_flight = Arc::clone(&world.in_flight);
    let session = Session::new(config("http://world.example"), [7; 32]);
    (Client::new(AsyncExecutor::<AsyncStdRuntime>::over_backend(session, world)), in_flight)
}

#[test]
fn operations_move_the_clock() {
    let (client, _) = client();
    task::block_on(async {
        assert_eq!(client.contacts().me().await.expect("a response").first_name, "Example");
        client.sleep(Duration::from_secs(60)).await.expect("it is not stopped");
    });
    assert_eq!(client.now().moment, Moment::from_epoch(Duration::from_secs(60)));
}

#[test]
fn operations_without_a_response_end_when_they_are_stopped() {
    let (client, in_flight) = client();
    let stop = StopHandle::new();
    let chat = client.stopped_by(&stop).chats().chat("c1");
    let posting = async { chat.post("hello").await.expect_err("it is stopped") };
    let stopping = async {
        while in_flight.load(Ordering::SeqCst) == 0 {
            task::yield_now().await;
        }
        stop.stop();
    };
    let (error, ()) = task::block_on(futures_util::future::join(posting, stopping));
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Cancelled, true), "{error}");
    assert_eq!(in_flight.load(Ordering::SeqCst), 0, "the exchange is dropped");
}

#[test]
fn feeds_end_with_their_driver() {
    let (client, in_flight) = client();
    let mut set = FeedSet::new();
    for key in 0..3 {
        set.insert(key, client.chats().chat(format!("c{key}")).new_messages(FeedOptions::from_now()).into_feed());
    }
    let stop = StopHandle::new();
    let mut drive = client.stopped_by(&stop).executor().drive(set);
    let driving = async {
        while let Some((_, event)) = drive.next().await {
            let FeedSetEvent::Ended(Ok(FeedEnd::Stopped)) = event else { panic!("{event:?}") };
        }
    };
    let stopping = async {
        while in_flight.load(Ordering::SeqCst) < 3 {
            task::yield_now().await;
        }
        stop.stop();
    };
    task::block_on(futures_util::future::join(driving, stopping));
    assert_eq!(in_flight.load(Ordering::SeqCst), 0, "the polls are dropped");
}
