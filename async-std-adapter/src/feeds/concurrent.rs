//! Concurrent handlers of the events of a feed.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;
use teamwire_core::{Checkpoint, Error, FeedEvent, feed::InChat, machine::Feed};
use teamwire_std::Handlers;

use super::events::Events;

impl<T: InChat, F: Feed<Event = FeedEvent<T>>> Events<F> {
    /// Passes the events to `handler` and runs up to `limit` of its futures at once, until the feed ends. Events of the
    /// same chat are handled one after the other, in the order of the feed: see
    /// [`Tracker`](teamwire_core::feed::Tracker). All events are passed, including [gaps](FeedEvent::Gap) and those
    /// that cannot be decoded.
    ///
    /// `save` is called with each checkpoint up to which all events are handled, soon after the last of these. One save
    /// runs at a time; meanwhile, the feed is followed and events are handled. The next one has the newest checkpoint
    /// then. After a crash, a feed that resumes at the saved checkpoint delivers every event that was not handled.
    /// Others may be delivered again, so handlers should be idempotent.
    ///
    /// The first failure of a handler or of `save` stops the feed: no other event is handled, but the handlers that run
    /// are finished, and no checkpoint passes an event that was not handled. If the feed is stopped by its handle, the
    /// events that it has delivered are still handled. To stop it gracefully, stop only the feed, as here, or the
    /// client of the handlers as well by [`stop_within`](teamwire_core::StopHandle::stop_within):
    ///
    /// ```
    /// use teamwire_async_std::{Checkpoint, Client, Error, FeedEvent, Message, StateFile, StopHandle};
    ///
    /// async fn serve(client: &Client, stop: &StopHandle, state: &StateFile) -> Result<(), Error> {
    ///     let events = client.stopped_by(stop).chats().new_messages(state.load::<Checkpoint>()?);
    ///     let respond = async |event: FeedEvent<Message>| match event.item() {
    ///         Some(message) => client.chats().chat(&message.tid).post("hello").await.map(drop),
    ///         None => Ok(()),
    ///     };
    ///     let save = |checkpoint: Checkpoint| state.save_on(client, &checkpoint);
    ///     events.for_each_concurrent(256, respond, save).await
    /// }
    /// ```
    ///
    /// All handlers, and `save`, run in the task that polls the future. One that blocks, blocks the others and the
    /// feed. To save a [`StateFile`](crate::StateFile), use [`save_on`](crate::StateFile::save_on), which blocks none.
    /// If the future is dropped, or a handler panics, the handlers that run are dropped.
    ///
    /// The closures are not `AsyncFnMut`: the compiler cannot prove yet that the futures of those are `Send`. A
    /// function that takes one as a parameter names its future: `save: impl FnMut(Checkpoint) -> Saved`, with `Saved:
    /// Future<Output = Result<(), Error>>`.
    ///
    /// # Errors
    ///
    /// Fails with the first error of a handler or of `save`, or else the error that ends the feed.
    #[doc(alias = "handler")]
    pub async fn for_each_concurrent<Fut, Saved, E>(
        mut self,
        limit: usize,
        mut handler: impl FnMut(FeedEvent<T>) -> Fut,
        mut save: impl FnMut(Checkpoint) -> Saved,
    ) -> Result<(), E>
    where
        Fut: Future<Output = Result<(), E>>,
        Saved: Future<Output = Result<(), E>>,
        E: From<Error>,
    {
        let mut handlers = Handlers::new(limit);
        let mut running = FuturesUnordered::new();
        let mut saving = pin!(None);
        loop {
            while let Some((handling, event)) = handlers.start() {
                let handled = handler(event);
                running.push(async move { (handling, handled.await) });
            }
            if !handlers.follows() && running.is_empty() && saving.is_none() {
                return handlers.into_result();
            }
            poll_fn(|cx| {
                let mut has_progressed = false;
                while let Poll::Ready(Some((handling, result))) = Pin::new(&mut running).poll_next(cx) {
                    handlers.finish(handling, result);
                    has_progressed = true;
                }
                has_progressed |= poll_saves(&mut handlers, saving.as_mut(), &mut save, cx);
                if handlers.has_failed() {
                    self.stop_handle().stop();
                }
                if handlers.follows()
                    && let Poll::Ready(event) = Pin::new(&mut self).poll_next(cx)
                {
                    match event {
                        Some(Ok(event)) => handlers.push(event),
                        Some(Err(error)) => handlers.end(Err(error)),
                        None => handlers.end(Ok(())),
                    }
                    has_progressed = true;
                }
                if has_progressed { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    }
}

/// Saves checkpoints until there is none, or a save takes longer. Returns `true` if one has been saved.
fn poll_saves<T: InChat, E: From<Error>, Saved: Future<Output = Result<(), E>>>(
    handlers: &mut Handlers<T, E>,
    mut saving: Pin<&mut Option<Saved>>,
    save: &mut impl FnMut(Checkpoint) -> Saved,
    cx: &mut Context<'_>,
) -> bool {
    let mut has_saved = false;
    loop {
        if saving.is_none() {
            saving.set(handlers.take_checkpoint().map(&mut *save));
        }
        let Some(Poll::Ready(result)) = saving.as_mut().as_pin_mut().map(|saving| saving.poll(cx)) else {
            return has_saved;
        };
        saving.set(None);
        handlers.saved(result);
        has_saved = true;
    }
}
