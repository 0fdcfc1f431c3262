//! Streams of events to readers.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use serde_json::json;
use tokio::sync::mpsc;

use super::hub::{Hub, Next, Position, hello, serialise};
use crate::server::Shared;

/// The time between a change and the comparison of the sandbox with what was seen. A request of a bot is a change when
/// it begins, and is complete by then, so that it does not wait for the comparison.
const GATHER: Duration = Duration::from_millis(10);

/// The time after a comparison until a change leads to the next one.
const PAUSE: Duration = Duration::from_millis(40);

/// The number of events that may come while a reader does not take those before.
const MAX_BEHIND: u64 = 1000;

/// The time after which a silent stream gets a comment, so that both ends notice a lost connection. It is real time,
/// because proxies and browsers do not know the sandbox's clock.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Adds events for all changes, until it is dropped.
pub(crate) async fn watch_changes(shared: Arc<Shared>, hub: Arc<Hub>) {
    let mut changes = shared.observed.changes.subscribe();
    while changes.changed().await.is_ok() {
        tokio::time::sleep(GATHER).await;
        // What came meanwhile is part of this comparison.
        changes.mark_unchanged();
        hub.scan_if_watched(&shared);
        tokio::time::sleep(PAUSE).await;
    }
}

/// The body of a stream of events, which ends with its connection.
#[derive(Debug)]
pub(crate) struct EventBody(mpsc::Receiver<Bytes>);

impl EventBody {
    /// Starts a stream after a position, or from now on.
    pub(crate) fn start(shared: &Shared, hub: Arc<Hub>, after: Option<Position>) -> Self {
        let reader = Reader::new(hub.clone());
        // A thread may wait for a reader.
        shared.observed.changes.notify();
        let now = hub.scan(shared);
        // A few events at a time, so that the server keeps little for a reader that is slow.
        let (sender, receiver) = mpsc::channel(4);
        tokio::spawn(send(reader, sender, now.clone(), after.unwrap_or(now)));
        Self(receiver)
    }
}

async fn send(reader: Reader, sender: mpsc::Sender<Bytes>, now: Position, mut position: Position) {
    let hub = &reader.0;
    let mut news = hub.subscribe();
    if matches!(hub.next(&position), Next::Lost(_)) {
        // An impossible position of this sequence, so that the next event is a `resync`.
        position = Position { seq: u64::MAX, ..now.clone() };
    }
    // The id of the first event is the position from which the stream continues: no later one is known to the reader.
    let start = if position.seq == u64::MAX { &now } else { &position };
    if sender.send(hello(start)).await.is_err() {
        return;
    }
    loop {
        let chunk = match hub.next(&position) {
            Next::Events(events, next) => {
                position = next;
                events.concat()
            }
            Next::Lost(next) => {
                let is_new = next.boot != position.boot;
                position = next;
                let greeting = if is_new { hello(&position) } else { Bytes::new() };
                [greeting, serialise("resync", &position, &json!({}))].concat()
            }
        };
        if !chunk.is_empty() {
            let before = hub.position().seq;
            if sender.send(chunk.into()).await.is_err() {
                return;
            }
            if hub.position().seq.saturating_sub(before) > MAX_BEHIND {
                // The reader did not take this while many more events came.
                position.seq = u64::MAX;
            }
            continue;
        }
        tokio::select! {
            _ = news.changed() => {}
            () = sender.closed() => return,
            () = tokio::time::sleep(KEEP_ALIVE) => {
                if sender.send(Bytes::from_static(b": keep-alive\n\n")).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Counts a reader until it is dropped.
struct Reader(Arc<Hub>);

impl Reader {
    fn new(hub: Arc<Hub>) -> Self {
        hub.count_reader(true);
        Self(hub)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.count_reader(false);
    }
}

impl Body for EventBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.get_mut().0.poll_recv(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}
