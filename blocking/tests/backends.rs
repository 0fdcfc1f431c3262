//! Backends of one's own: a small world on a virtual clock.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use teamwire_blocking::{
    BlockingExecutor, Client, ErrorKind, FeedEvent, FeedOptions, FeedSet, StopHandle,
    backend::{Backend, PendingReply},
    effect::{Exchange, FileError, FileErrorKind, FileOutcome, FileTask, Moment, Now, Response},
    executor::Session,
    feed::{FeedEnd, FeedSetEvent},
    machine::Reply,
    script::sample,
};
use teamwire_test_support::config;

const POLL: Duration = Duration::from_secs(25);

/// A server that responds to each request after the time of a long poll, on a virtual clock.
#[derive(Clone, Default)]
struct World(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Moment,
    begun: u64,
    /// The times of the replies that are due.
    due: BTreeMap<u64, Moment>,
    most_at_once: usize,
}

struct InFlight {
    world: World,
    id: u64,
    due: Moment,
    path: String,
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no thread has panicked")
    }

    fn client(&self) -> Client {
        let session = Session::new(config("http://world.example"), [7; 32]);
        Client::new(BlockingExecutor::over_backend(session, self.clone()))
    }
}

impl Backend for World {
    fn now(&self) -> Now {
        Now::new(self.state().now, chrono::DateTime::UNIX_EPOCH)
    }

    fn begin(&self, exchange: Box<Exchange>) -> Box<dyn PendingReply> {
        let mut state = self.state();
        state.begun += 1;
        let (id, due) = (state.begun, state.now.saturating_add(POLL));
        state.due.insert(id, due);
        state.most_at_once = state.most_at_once.max(state.due.len());
        Box::new(InFlight { world: self.clone(), id, due, path: exchange.request.uri().path().to_owned() })
    }

    fn file(&self, _: FileTask) -> Result<FileOutcome, FileError> {
        Err(FileError::new("a.txt", FileErrorKind::NotFound, "the world has no files"))
    }

    fn sleep(&self, until: Moment, stop: Option<&StopHandle>) {
        if !stop.is_some_and(StopHandle::is_stopped) {
            let mut state = self.state();
            state.now = until.max(state.now);
        }
    }

    fn is_virtual(&self) -> bool {
        true
    }

    fn next_event(&self) -> Option<Moment> {
        self.state().due.values().min().copied()
    }
}

impl PendingReply for InFlight {
    fn wait(&mut self, until: Option<Moment>, stop: Option<&StopHandle>) -> Option<Reply> {
        let end = until.map_or(self.due, |until| until.min(self.due));
        self.world.sleep(end, stop);
        if self.world.now().moment < self.due {
            return None;
        }
        let body =
            if self.path.ends_with("/me") { sample::bot() } else { sample::json(r#"{"items": [], "cursor": "k"}"#) };
        let mut response = Response::new(body.to_string().into_bytes());
        response.headers_mut().insert("content-type", "application/json".parse().expect("a header"));
        Some(Reply::Response(response))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.world.state().due.remove(&self.id);
    }
}

#[test]
fn operations_move_the_clock() {
    let world = World::default();
    let client = world.client();
    assert_eq!(client.contacts().me().expect("a response").first_name, "Example");
    client.sleep(POLL).expect("it is not stopped");
    assert_eq!(client.now().moment, Moment::from_epoch(2 * POLL));
    let stop = StopHandle::new();
    stop.stop();
    let error = client.stopped_by(&stop).contacts().me().expect_err("it is stopped");
    assert_eq!((error.kind(), world.state().begun), (ErrorKind::Cancelled, 1));
}

#[test]
fn feeds_of_a_driver_wait_at_the_same_time() {
    let world = World::default();
    let client = world.client();
    let mut set = FeedSet::new();
    for key in 0..3 {
        set.insert(key, client.chats().chat(format!("c{key}")).new_messages(FeedOptions::from_now()).into_feed());
    }
    let mut drive = client.executor().drive(set, 1).expect("no threads are needed");
    for _ in 0..3 {
        let (_, event) = drive.next().expect("an event");
        let FeedSetEvent::Event(FeedEvent::Started(_)) = event else { panic!("{event:?}") };
    }
    assert_eq!((client.now().moment, world.state().most_at_once), (Moment::from_epoch(POLL), 3));
    drive.stop_handle().stop();
    let ends: Vec<_> = drive.by_ref().collect();
    let is_stopped = |(_, event): &(i32, _)| matches!(event, FeedSetEvent::Ended(Ok(FeedEnd::Stopped)));
    assert!(ends.len() == 3 && ends.iter().all(is_stopped), "{ends:?}");
    assert!(world.state().due.is_empty(), "the polls are abandoned");
}

#[test]
fn step_without_a_reply_fails_when_it_is_stopped() {
    /// Never responds, and stops what waits.
    struct Stopping(StopHandle);

    impl Backend for Stopping {
        fn now(&self) -> Now {
            Now::new(Moment::EPOCH, chrono::DateTime::UNIX_EPOCH)
        }

        fn begin(&self, _: Box<Exchange>) -> Box<dyn PendingReply> {
            struct Never(StopHandle);
            impl PendingReply for Never {
                fn wait(&mut self, _: Option<Moment>, stop: Option<&StopHandle>) -> Option<Reply> {
                    self.0.stop();
                    assert!(stop.is_some_and(StopHandle::is_stopped));
                    None
                }
            }
            Box::new(Never(self.0.clone()))
        }

        fn file(&self, _: FileTask) -> Result<FileOutcome, FileError> {
            Err(FileError::new("", FileErrorKind::Other, ""))
        }

        fn sleep(&self, _: Moment, _: Option<&StopHandle>) {}
    }

    let stop = StopHandle::new();
    let session = Session::new(config("http://world.example"), [7; 32]);
    let client = Client::new(BlockingExecutor::over_backend(session, Stopping(stop.clone())));
    let error = client.stopped_by(&stop).contacts().me().expect_err("it is stopped");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Cancelled, true), "{error}");
}
