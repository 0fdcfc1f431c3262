use core::time::Duration;

use crate::{effect::Moment, flow::call::Call};

/// Start and duration of a poll.
#[derive(Clone, Copy)]
pub(super) struct Timing {
    pub(super) sent_at: Moment,
    pub(super) elapsed: Duration,
}

impl Timing {
    pub(super) fn of<T: Send>(call: &Call<T>) -> Self {
        Self { sent_at: call.sent_at(), elapsed: call.elapsed() }
    }
}
