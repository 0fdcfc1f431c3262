//! The clock of a client.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use teamwire_core::{Client, ErrorKind, Script, StopHandle, effect::Moment};

use crate::support::{SECOND, elapsed};

#[test]
fn script_moves_its_clock() {
    let script = Script::new();
    let client = Client::new(script.clone());
    let before = client.now();
    client.sleep(90 * SECOND).expect("the client is not stopped");
    let after = client.now();
    assert_eq!(after.moment.saturating_duration_since(before.moment), 90 * SECOND);
    assert_eq!((after.utc - before.utc).num_seconds(), 90);
    client.sleep(core::time::Duration::ZERO).expect("the client is not stopped");
    assert_eq!(elapsed(&script), 90 * SECOND);
}

#[test]
fn wait_ends_with_the_stop_and_is_not_started_if_it_does_not_fit() {
    let (script, stop) = (Script::new(), StopHandle::new());
    let client = Client::new(script.clone());
    let hurried = client.with_deadline(10 * SECOND);
    hurried.sleep(4 * SECOND).expect("there is time");
    let error = hurried.sleep(7 * SECOND).expect_err("there is no time");
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    stop.stop();
    assert_eq!(client.stopped_by(&stop).sleep(SECOND).expect_err("it is stopped").kind(), ErrorKind::Cancelled);
    assert_eq!(elapsed(&script), 4 * SECOND);
    client.sleep(SECOND).expect("this client is neither in a hurry nor stopped");
}

#[test]
fn wait_in_a_task_lets_the_others_continue_before_the_clock_moves() {
    let script = Script::new();
    let client = teamwire_async_std::scripted(&script);
    let others = Arc::<AtomicUsize>::default();
    let mut sleep = pin!(client.sleep(SECOND));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(sleep.as_mut().poll(&mut cx).is_pending(), "the other tasks are next");
    assert_eq!(client.now().moment, Moment::EPOCH);
    assert!(matches!(sleep.as_mut().poll(&mut cx), Poll::Ready(Ok(()))));
    assert_eq!(client.now().moment, Moment::from_epoch(SECOND));

    // A task that loops over waits ends when another one stops it.
    let stop = StopHandle::new();
    let (stoppable, count) = (client.stopped_by(&stop), others.clone());
    let ticking = async {
        while stoppable.sleep(SECOND).await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    };
    let stopping = async {
        while others.load(Ordering::SeqCst) < 10 {
            smol::future::yield_now().await;
        }
        stop.stop();
    };
    smol::block_on(smol::future::zip(ticking, stopping));
    assert!(elapsed(&script) >= 11 * SECOND);
}
