//! An executor that hands out the machines, and goes by the run's clock.

use std::sync::{Arc, Mutex, PoisonError};

use teamwire_core::{Config, Executor, Feed, Flow, Now, Session};

#[derive(Clone, Debug)]
pub(super) struct Hands {
    session: Session,
    now: Arc<Mutex<Now>>,
}

impl Hands {
    pub(super) fn new(config: Config, entropy: [u8; 32], now: Now) -> Self {
        Self { session: Session::new(config, entropy), now: Arc::new(Mutex::new(now)) }
    }

    pub(super) fn set(&self, now: Now) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Executor for Hands {
    type Run<'a, T: Send + 'a> = Box<dyn Flow<Output = T> + 'a>;

    type Events<F: Feed + 'static> = F;

    fn session(&self) -> &Session {
        &self.session
    }

    fn now(&self) -> Now {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<'a, F: Flow + 'a>(&'a self, flow: F) -> Self::Run<'a, F::Output>
    where
        F::Output: 'a,
    {
        Box::new(flow)
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> F {
        feed
    }
}
