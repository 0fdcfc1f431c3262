use std::sync::Arc;

use teamwire_core::{Exchange, Executor, FileTask, Moment, Now, Reply, Script};
use teamwire_std::{Clock, files};

use super::stop_handle::StopHandle;
use crate::transport::Transport;

/// What carries out the steps of feeds.
pub(super) enum Means {
    Network {
        clock: Clock,
        transport: Arc<dyn Transport>,
        /// For what is sent after the other one was told to give up.
        unsubscribe_transport: Arc<dyn Transport>,
    },
    Script(Script),
}

impl Means {
    pub(super) fn now(&self) -> Now {
        match self {
            Self::Network { clock, .. } => clock.now(),
            Self::Script(script) => script.now(),
        }
    }

    /// Carries out this exchange. `None` if no answer will ever come: a script is at its end.
    pub(super) fn send(&self, exchange: Exchange, is_unsubscribe: bool) -> Option<Reply> {
        match self {
            Self::Network { unsubscribe_transport, .. } if is_unsubscribe => {
                Some(unsubscribe_transport.perform(exchange))
            }
            Self::Network { transport, .. } => Some(transport.perform(exchange)),
            Self::Script(script) => script.reply(&exchange),
        }
    }

    pub(super) fn file(&self, task: FileTask) -> Reply {
        Reply::File(match self {
            Self::Network { .. } => files::perform(&task),
            Self::Script(script) => script.do_with_file(task),
        })
    }

    /// Waits until then, or until there is news.
    pub(super) fn sleep(&self, until: Moment, stop_handle: &StopHandle) {
        match self {
            Self::Network { clock, .. } => stop_handle.wait(Some(clock.until(until))),
            Self::Script(script) => script.advance(until.since(script.now().moment)),
        }
    }

    /// What ends the feeds, and lets what is under way for them fail.
    pub(super) fn stop_handle(&self) -> StopHandle {
        match self {
            Self::Network { transport, .. } => StopHandle::new(Some(Arc::clone(transport))),
            Self::Script(_) => StopHandle::new(None),
        }
    }
}
