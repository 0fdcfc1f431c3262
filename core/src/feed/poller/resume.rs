use alloc::{string::String, sync::Arc};

use super::{Poller, State};
use crate::{
    feed::{Checkpoint, FeedEvent, FeedOptions, Resume, item::FeedItem},
    observe::Observer,
};

impl<T: FeedItem> Resume for Poller<T> {
    fn name(&self) -> String {
        self.delivery.source().full_name()
    }

    fn resumed(&self, after: Option<Checkpoint>) -> Self {
        let start = self.start.as_deref().filter(|_| after.is_none()).cloned();
        let (long_poll, hidden_author) = (self.long_poll.longest(), self.delivery.hidden().author.clone());
        let options = FeedOptions { after: after.or_else(|| start.clone()), long_poll, hidden_author };
        let mut feed = Self::new(&self.session, self.delivery.source().clone(), options);
        if let (Some(start), State::Ready) = (start, &feed.state) {
            feed.delivery.add(FeedEvent::Started(start));
        }
        feed
    }

    fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.session.shared_observer()
    }
}
