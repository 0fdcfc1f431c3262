//! Handlers of events that are followed by claim.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;
use teamwire_core::Error;

/// Events that are followed by claim: of one feed, or of many.
pub(super) trait Source {
    type Event;
    /// An event whose handler runs.
    type Running;

    /// Waits for the next event; `None` after the end. No handler is started unless there is `room` for it.
    fn poll_event(&mut self, room: bool, cx: &mut Context<'_>) -> Poll<Option<Result<Self::Event, Error>>>;

    /// Takes the event over from its handler.
    fn run(&self, event: &mut Self::Event) -> Self::Running;

    /// Records the result of a handler.
    fn finish<E: fmt::Display>(&mut self, running: Self::Running, result: Result<(), E>);
}

/// Passes each event to `handler`, one after the other.
pub(super) async fn handle_each<S, Fut, E>(mut source: S, mut handler: impl FnMut(S::Event) -> Fut) -> Result<(), Error>
where
    S: Source,
    Fut: Future<Output = Result<(), E>>,
    E: fmt::Display,
{
    while let Some(event) = poll_fn(|cx| source.poll_event(true, cx)).await {
        let mut event = event?;
        let running = source.run(&mut event);
        let result = handler(event).await;
        source.finish(running, result);
    }
    Ok(())
}

/// Passes the events to `handler` and runs up to `limit` of its futures at once.
pub(super) async fn handle_concurrently<S, Fut, E>(
    mut source: S,
    limit: usize,
    mut handler: impl FnMut(S::Event) -> Fut,
) -> Result<(), Error>
where
    S: Source,
    Fut: Future<Output = Result<(), E>>,
    E: fmt::Display,
{
    let mut handlers = FuturesUnordered::new();
    let mut end = None;
    loop {
        if let Some(end) = end.take_if(|_| handlers.is_empty()) {
            return end;
        }
        let event = poll_fn(|cx| {
            let mut has_progressed = false;
            while let Poll::Ready(Some((running, result))) = Pin::new(&mut handlers).poll_next(cx) {
                source.finish(running, result);
                has_progressed = true;
            }
            if end.is_none()
                && let Poll::Ready(event) = source.poll_event(handlers.len() < limit.max(1), cx)
            {
                return Poll::Ready(Some(event));
            }
            if has_progressed { Poll::Ready(None) } else { Poll::Pending }
        })
        .await;
        match event {
            Some(Some(Ok(mut event))) => {
                let running = source.run(&mut event);
                let handled = handler(event);
                handlers.push(async move { (running, handled.await) });
            }
            Some(Some(Err(error))) => end = Some(Err(error)),
            Some(None) => end = Some(Ok(())),
            None => {}
        }
    }
}
