use alloc::string::String;

use super::Poller;
use crate::feed::{Checkpoint, FeedOptions, Resume, item::FeedItem};

impl<T: FeedItem> Resume for Poller<T> {
    fn name(&self) -> String {
        self.delivery.source().full_name()
    }

    fn resumed(&self, after: Option<Checkpoint>) -> Self {
        let after = after.or_else(|| self.start.as_deref().cloned());
        let (long_poll, hidden_author) = (self.long_poll.longest(), self.delivery.hidden().author.clone());
        let options = FeedOptions { after, long_poll, hidden_author };
        Self::new(&self.session, self.delivery.source().clone(), options)
    }
}
