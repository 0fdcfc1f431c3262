use alloc::{string::String, sync::Arc};
use core::fmt;

use super::{Checkpoint, FeedEvent, Resume};
use crate::{
    effect::Now,
    error::Error,
    machine::{Feed, Machine, Reply, Step, Ticket},
    observe::Observer,
};

/// A feed whose items are converted. It makes feeds of different kinds alike, so that one
/// [`FeedSet`](super::FeedSet) drives them.
///
/// ```
/// use teamwire_core::{
///     Client, FeedEvent, FeedSet,
///     executor::Manual,
///     feed::{FeedEnd, MapItem},
///     machine::Feed,
///     model::ChatEvent,
/// };
///
/// type AnyFeed = Box<dyn Feed<Event = FeedEvent<ChatEvent>, Output = FeedEnd>>;
///
/// // An adapter's feed is converted after its `into_feed()`.
/// fn feeds(client: &Client<Manual>) -> FeedSet<&'static str, AnyFeed> {
///     let mut set: FeedSet<_, AnyFeed> = FeedSet::new();
///     set.insert("messages", Box::new(MapItem::new(client.chats().new_messages(None), ChatEvent::Message)));
///     set.insert("reactions", Box::new(MapItem::new(client.chats().reaction_updates(None), ChatEvent::Reaction)));
///     set
/// }
/// ```
pub struct MapItem<F, M> {
    feed: F,
    map: M,
}

impl<F, M> MapItem<F, M> {
    /// Creates a feed that converts the items of `feed` with `map`. All other events, and its checkpoints, stay the
    /// same.
    pub const fn new<T, U>(feed: F, map: M) -> Self
    where
        F: Feed<Event = FeedEvent<T>>,
        M: FnMut(T) -> U,
    {
        Self { feed, map }
    }
}

impl<F, M, T, U> Machine for MapItem<F, M>
where
    F: Feed<Event = FeedEvent<T>>,
    M: FnMut(T) -> U + Send,
    U: Send,
{
    type Event = FeedEvent<U>;
    type Output = F::Output;

    fn poll(&mut self, now: Now) -> Step<FeedEvent<U>, Result<F::Output, Error>> {
        match self.feed.poll(now) {
            Step::Event(event) => Step::Event(event.map(&mut self.map)),
            Step::Send(ticket, exchange) => Step::Send(ticket, exchange),
            Step::File(ticket, task) => Step::File(ticket, task),
            Step::Sleep(until) => Step::Sleep(until),
            Step::Done(result) => Step::Done(result),
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.feed.handle(now, ticket, reply);
    }
}

impl<F, M, T, U> Feed for MapItem<F, M>
where
    F: Feed<Event = FeedEvent<T>>,
    M: FnMut(T) -> U + Send,
    U: Send,
{
    fn stop(&mut self, now: Now) {
        self.feed.stop(now);
    }

    fn is_stopped(&self) -> bool {
        self.feed.is_stopped()
    }

    fn has_started(&self) -> bool {
        self.feed.has_started()
    }

    fn has_events(&self) -> bool {
        self.feed.has_events()
    }

    fn is_list(&self) -> bool {
        self.feed.is_list()
    }
}

impl<F, M, T, U> Resume for MapItem<F, M>
where
    F: Resume<Event = FeedEvent<T>>,
    M: FnMut(T) -> U + Clone + Send,
    U: Send,
{
    fn name(&self) -> String {
        self.feed.name()
    }

    fn resumed(&self, after: Option<Checkpoint>) -> Self {
        Self { feed: self.feed.resumed(after), map: self.map.clone() }
    }

    fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.feed.observer()
    }
}

impl<F: fmt::Debug, M> fmt::Debug for MapItem<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapItem").field("feed", &self.feed).finish_non_exhaustive()
    }
}
