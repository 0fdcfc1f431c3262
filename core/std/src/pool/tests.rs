mod model;
mod places;

use std::{
    iter,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
};

use super::*;
use teamwire_core::effect::TransportErrorKind;

/// A connection of the tests. It has no server.
struct Fake {
    number: usize,
    history: ConnectionHistory,
    pool: Weak<Closing>,
}

/// A pool, and the numbers of the connections that were closed.
struct Closing {
    pool: Pool<Fake>,
    closed: Mutex<Vec<usize>>,
}

impl Pooled for Fake {
    fn history(&self) -> &ConnectionHistory {
        &self.history
    }

    fn history_mut(&mut self) -> &mut ConnectionHistory {
        &mut self.history
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // `None` while the pool itself is dropped.
        let Some(closing) = self.pool.upgrade() else { return };
        assert!(closing.pool.state.try_lock().is_ok(), "connection {} is closed under the lock", self.number);
        closing.closed.lock().expect("nothing panics with it").push(self.number);
    }
}

impl Closing {
    fn new(max_idle_connections: usize, max_idle_age: Duration) -> Arc<Self> {
        let limits = Limits { max_idle_connections, max_idle_age, ..Limits::default() };
        Arc::new(Self { pool: Pool::new(&limits), closed: Mutex::default() })
    }

    fn open(self: &Arc<Self>, number: usize, uri: &Uri, now: Instant) -> Fake {
        let history = ConnectionHistory::new(Origin::of(uri).expect("it has a host"), now);
        Fake { number, history, pool: Arc::downgrade(self) }
    }

    /// Opens connections with these numbers and returns them to the pool.
    fn fill(self: &Arc<Self>, numbers: impl IntoIterator<Item = usize>, uri: &Uri, now: Instant) {
        for number in numbers {
            self.pool.check_in(Box::new(self.open(number, uri, now)), now);
        }
    }

    /// Takes a connection for an exchange that replaces a stale one.
    fn take(&self, uri: &Uri, now: Instant) -> Option<Box<Fake>> {
        self.pool.check_out(uri, None, true, now, |_, _| true)
    }

    /// Returns the numbers of the connections that were closed since the last call.
    fn closed(&self) -> Vec<usize> {
        mem::take(&mut self.closed.lock().expect("nothing panics with it"))
    }
}

const SECOND: Duration = Duration::from_secs(1);

fn api() -> Uri {
    Uri::from_static("https://api.example.org/me")
}

fn files() -> Uri {
    Uri::from_static("https://files.example.org/file")
}

fn error(kind: TransportErrorKind) -> Result<Response, TransportError> {
    Err(TransportError::new(kind, "why").with_sent(true).with_reused(true))
}

fn response(status: u16) -> Response {
    http::Response::builder().status(status).body(Vec::new()).expect("it is valid")
}

#[test]
fn latest_connection_of_the_origin_is_taken_first() {
    let (closing, start) = (Closing::new(10, 50 * SECOND), Instant::now());
    closing.fill(0..2, &api(), start);
    closing.fill(2..3, &files(), start);
    let taken = [api(), api(), api(), files()].map(|uri| closing.take(&uri, start));
    assert_eq!(taken.each_ref().map(|it| it.as_ref().map(|it| it.number)), [Some(1), Some(0), None, Some(2)]);
    assert_eq!(closing.closed(), [0; 0]);
    drop(taken);
    assert_eq!(format!("{:?}", closing.pool), "Pool { idle: 0, .. }");
}

#[test]
fn surplus_and_what_was_idle_for_too_long_is_closed() {
    let (closing, start) = (Closing::new(3, 10 * SECOND), Instant::now());
    closing.fill(0..4, &api(), start);
    assert_eq!(closing.closed(), [0], "the longest idle one makes room");
    let taken = closing.take(&api(), start + Duration::from_nanos(9_999_999_999)).expect("it is not too old");
    closing.pool.check_in(taken, start + 10 * SECOND);
    assert_eq!(closing.closed(), [1, 2], "when the next one is returned");
    assert!(closing.take(&files(), start + 20 * SECOND).is_none());
    assert_eq!(closing.closed(), [3], "when the next one is taken");

    for (max_idle, max_age) in [(0, 10 * SECOND), (3, Duration::ZERO)] {
        let closing = Closing::new(max_idle, max_age);
        closing.fill(0..1, &api(), start);
        assert!(closing.take(&api(), start).is_none(), "{max_idle} {max_age:?}");
        assert_eq!(closing.closed(), [0]);
    }
}

#[test]
fn connection_gets_old_however_busy_it_is() {
    let (closing, start) = (Closing::new(10, 50 * SECOND), Instant::now());
    let mut connection = Box::new(closing.open(0, &api(), start));
    for second in (0..).step_by(40) {
        let now = start + second * SECOND;
        closing.pool.check_in(connection, now);
        let Some(taken) = closing.take(&api(), now) else {
            assert!((240..=320).contains(&second), "{second}");
            break;
        };
        connection = taken;
    }
    assert_eq!(closing.closed(), [0]);

    let closing = Closing::new(10, 1_000 * SECOND);
    closing.fill(0..1, &api(), start);
    assert!(closing.take(&api(), start + 300 * SECOND).is_none());
    assert_eq!(closing.closed(), [0], "it got too old in the pool");
}

#[test]
fn connections_of_a_burst_get_old_one_after_another() {
    for burst in [2_usize, 10, 64, 500] {
        let (closing, start) = (Closing::new(1_000, 1_000 * SECOND), Instant::now());
        // Others before it, so that it starts anywhere.
        closing.fill(0..burst * 7, &files(), start);
        closing.fill(burst * 7..burst * 8, &api(), start);
        let mut before = burst;
        for second in 240..=300 {
            let now = start + second * SECOND;
            let open: Vec<_> = iter::from_fn(|| closing.take(&api(), now)).collect();
            let closed = before - open.len();
            before = open.len();
            assert!(closed <= burst / 60 + 2, "{closed} of {burst} in second {second}");
            for connection in open {
                closing.pool.check_in(connection, now);
            }
        }
        assert_eq!(before, 0, "the maximum age is five minutes");
    }
}

#[test]
fn connections_that_are_not_open_are_closed() {
    let (closing, start) = (Closing::new(10, 50 * SECOND), Instant::now());
    closing.fill(0..4, &api(), start);
    let taken =
        closing.pool.check_out(&api(), None, true, start, |connection, _| connection.number < 2).map(|it| it.number);
    assert_eq!((taken, closing.closed()), (Some(1), vec![3, 2, 1]));
    assert!(closing.pool.check_out(&api(), None, true, start, |_, _| false).is_none());
    assert_eq!(closing.closed(), [0]);
}

#[test]
fn connection_is_trusted_for_a_second_unless_one_was_lost_lately() {
    let (closing, start) = (Closing::new(10, 100 * SECOND), Instant::now());
    let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
    // Takes the connection for an exchange that replaces a stale one or not, and returns whether it is trusted.
    let is_trusted = |replaces: bool, now: Instant| {
        let mut trusted = None;
        let taken = closing.pool.check_out(&api(), None, replaces, now, |_, is_trusted| {
            trusted = Some(is_trusted);
            true
        });
        let taken = taken.expect("it is open");
        assert_eq!((Some(taken.history.is_unchecked()), taken.history.is_reused()), (trusted, true));
        closing.pool.check_in(taken, now);
        trusted.expect("it was asked")
    };
    closing.fill(0..1, &api(), start);
    assert!(is_trusted(true, at(0.9)));
    assert!(!is_trusted(true, at(1.0)), "a reuse without a check does not renew the trust");
    assert!(is_trusted(true, at(1.9)));
    assert!(!is_trusted(false, at(1.9)), "its loss would cost an attempt");
    assert!(is_trusted(true, at(2.8)), "that was a check");

    closing.fill(1..2, &api(), at(2.8));
    let lost = [at(2.9), at(3.0)].map(|now| closing.take(&api(), now).expect("it is open"));
    // The loss of the one that was reused first is seen last.
    for connection in lost.into_iter().rev() {
        let result = closing.pool.finish(connection, None, false, error(TransportErrorKind::Disconnected));
        result.expect_err("the given one");
    }
    closing.fill(2..3, &api(), at(62.5));
    assert!(!is_trusted(true, at(62.9)), "one was lost lately");
    closing.fill(3..4, &api(), at(62.5));
    assert!(is_trusted(true, at(63.0)));
}

#[test]
fn loss_closes_what_was_idle_for_as_long_and_has_the_same_origin() {
    let (closing, start) = (Closing::new(10, 50 * SECOND), Instant::now());
    let lose = |result: Result<Response, TransportError>, has_received, replaces| {
        closing.fill(0..2, &api(), start);
        closing.fill(2..3, &files(), start);
        let lost = closing.pool.check_out(&api(), None, replaces, start + SECOND / 2, |_, _| true).expect("it is idle");
        closing.fill(3..4, &api(), start + SECOND);
        closing.pool.finish(lost, None, has_received, result).expect_err("it fails");
        let closed = closing.closed();
        closing.pool.close_idle(&files());
        closing.pool.close_idle(&api());
        closing.pool.state().lost = None;
        closing.closed();
        closed
    };
    let (is_loss, is_none) = (vec![0, 1], vec![1]);
    let with_head = |kind| error(kind).map_err(|error| error.with_head(http::Response::new(())));
    let unsent = |kind| error(kind).map_err(|error| error.with_sent(false));
    for (result, has_received, replaces, closed) in [
        (error(TransportErrorKind::Disconnected), false, false, &is_loss),
        (unsent(TransportErrorKind::Disconnected), false, false, &is_loss),
        (error(TransportErrorKind::Timeout), false, false, &is_loss),
        (unsent(TransportErrorKind::Timeout), false, false, &is_none),
        (error(TransportErrorKind::File), false, false, &is_none),
        (error(TransportErrorKind::Protocol), true, false, &is_none),
        (error(TransportErrorKind::Disconnected), true, false, &is_none),
        // Unchecked: what has arrived may have been there before the request.
        (error(TransportErrorKind::Disconnected), true, true, &is_loss),
        (error(TransportErrorKind::Protocol), true, true, &is_loss),
        (Ok(response(408)), true, true, &is_loss),
        (with_head(TransportErrorKind::Disconnected), true, true, &is_none),
    ] {
        let shown = format!("{result:?} {has_received} {replaces}");
        assert_eq!(&lose(result, has_received, replaces), closed, "{shown}");
    }
}

#[test]
fn loss_of_a_new_connection_says_nothing_of_the_others() {
    let (closing, start) = (Closing::new(10, 50 * SECOND), Instant::now());
    closing.fill(0..1, &api(), start);
    let new = Box::new(closing.open(1, &api(), start));
    closing.pool.finish(new, None, false, error(TransportErrorKind::Disconnected)).expect_err("the given one");
    assert_eq!(closing.closed(), [1]);
    assert!(closing.pool.state().lost.is_none());
}

#[test]
fn connection_is_kept_after_an_exchange_unless_its_response_is_rejected() {
    let (closing, start) = (Closing::new(10, 50 * SECOND), Instant::now());
    let new = Box::new(closing.open(0, &api(), start));
    let result = closing.pool.finish(new, Some(start), true, Ok(response(408)));
    assert_eq!(result.expect("it is the response of a new connection").status(), 408);
    let taken = closing.take(&api(), start).expect("it is kept");
    // As if the file could not be written that the whole response was for.
    closing.pool.finish(taken, Some(start), true, error(TransportErrorKind::File)).expect_err("the given one");
    let taken = closing.take(&api(), start).expect("it is kept");
    let result = closing.pool.finish(taken, Some(start), true, Ok(response(408)));
    assert_eq!(result.expect_err("it may precede the request").kind, TransportErrorKind::Disconnected);
    assert_eq!(closing.closed(), [0], "the response may still arrive, and would be that to another request");
}

#[test]
fn connection_that_becomes_idle_wakes_one_that_waits_to_open_one_to_its_origin() {
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let (closing, now) = (Closing::new(8, SECOND), Instant::now());
    let origins = [api(), files()].map(|uri| Origin::of(&uri).expect("it has a host"));
    let [to_api, to_files] = origins.map(|origin| {
        let enter = || closing.pool.open(&origin, true, false, now);
        let mut open: Vec<_> = iter::repeat_with(enter).take_while(Opening::may_start).collect();
        let (mut opening, count) = (enter(), Arc::new(Count(AtomicUsize::new(0))));
        assert!(!opening.poll(now, &Waker::from(Arc::clone(&count))));
        open.push(opening);
        (open, count)
    });
    closing.fill([1], &api(), now);
    let wakes = [&to_api, &to_files].map(|(_, count)| count.0.load(Ordering::SeqCst));
    assert_eq!(wakes, [1, 0]);
    drop(to_api);
    closing.fill([2], &files(), now);
    assert_eq!(to_files.1.0.load(Ordering::SeqCst), 1);
    assert_eq!(closing.pool.state().openings.len(), 1, "no connection to the other origin is being opened");
}
