use crate::model::{ChatEvent, LiveLocationUpdate, Message, Reaction, ThreadId};

/// An item that belongs to a chat, so that the items of each chat can be handled in order.
pub trait InChat {
    /// Returns the id of the chat.
    fn tid(&self) -> &ThreadId;
}

impl InChat for Message {
    fn tid(&self) -> &ThreadId {
        &self.tid
    }
}

impl InChat for Reaction {
    fn tid(&self) -> &ThreadId {
        &self.tid
    }
}

impl InChat for LiveLocationUpdate {
    fn tid(&self) -> &ThreadId {
        &self.tid
    }
}

impl InChat for ChatEvent {
    fn tid(&self) -> &ThreadId {
        self.tid()
    }
}

impl<T: InChat + ?Sized> InChat for &T {
    fn tid(&self) -> &ThreadId {
        (**self).tid()
    }
}
