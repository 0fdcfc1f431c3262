use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use crate::backend::{Backend, BoxFuture};

/// The end of a wait for something that wakes the task by itself.
#[derive(Default)]
pub(super) struct Timer(Option<BoxFuture<()>>);

impl Timer {
    /// Waits for this time; without one, until the task is woken.
    pub(super) fn poll(
        &mut self,
        backend: &Arc<dyn Backend>,
        time: Option<Duration>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        self.0 = time.map(|time| Arc::clone(backend).sleep(backend.now().moment.saturating_add(time)));
        match &mut self.0 {
            Some(timer) => timer.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}
