//! Waits of asynchronous bots.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake},
};

use crate::{World, clock::Driving};

/// Asynchronous bots.
impl World {
    /// Runs a future with the clients of this world. The clock moves only while nothing in the future can continue.
    ///
    /// Join several futures to run them at once. Those that are spawned elsewhere do not take part: the world cannot
    /// know whether they are about to continue.
    ///
    /// # Panics
    ///
    /// If the future waits for something that will never happen, or for 30 days after the last scheduled action.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let _running = Running::new(self);
        let driving = Driving::new(self);
        let awake = Arc::new(Awake(AtomicBool::new(true)));
        let waker = Arc::clone(&awake).into();
        let (mut future, mut cx) = (pin!(future), Context::from_waker(&waker));
        driving.catch_up();
        loop {
            while awake.0.swap(false, Ordering::Relaxed) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                    return output;
                }
            }
            driving.step();
        }
    }
}

/// Set when the future of [`World::run`] can continue.
struct Awake(AtomicBool);

impl Wake for Awake {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Counts a call of [`World::run`] until it is dropped.
struct Running<'w>(&'w World);

impl<'w> Running<'w> {
    fn new(world: &'w World) -> Self {
        world.with(|state| state.runs += 1);
        Self(world)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.with(|state| state.runs -= 1);
    }
}
