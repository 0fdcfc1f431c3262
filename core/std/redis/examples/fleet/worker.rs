//! A worker: claims streams, and handles their messages one after the other.

use std::{collections::BTreeMap, sync::mpsc, time::Duration};

use redis::Connection;
use teamwire_blocking::{Client, Draft, Error, FeedEvent, Message, fleet::FleetEvent};
use teamwire_std::fleet::{Fleet, Follower, Turn};

use super::{
    Result,
    streams::{self, Entry, STREAMS},
};

/// A stream that is followed by claim.
struct Stream {
    follower: Follower<Message>,
    /// Id of the last entry that was read; `None` while another worker has the stream.
    position: Option<String>,
    wants_more: bool,
    /// Number of entries that were read.
    read: u64,
}

pub(crate) fn run(client: &Client, fleet: &Fleet, mut redis: Connection) -> Result<()> {
    let (wake, woken) = mpsc::channel();
    let mut all: BTreeMap<u64, Stream> = BTreeMap::new();
    for stream in 0..STREAMS {
        let wake = wake.clone();
        // A stream is handled from its first entry on, so it may begin without a checkpoint.
        let wake = move || wake.send(()).unwrap_or_default();
        let follower = Follower::new(fleet, &streams::feed(stream), true, None, wake);
        all.insert(stream, Stream { follower, position: None, wants_more: false, read: 0 });
    }
    loop {
        while woken.try_recv().is_ok() {}
        for (number, stream) in &mut all {
            stream.turns(*number, client)?;
        }
        let is_read = |stream: &&Stream| stream.wants_more && stream.position.is_some();
        let read = all.iter().filter(|(_, stream)| is_read(stream));
        let after: Vec<_> = read.filter_map(|(number, stream)| Some((*number, stream.position.clone()?))).collect();
        if after.is_empty() {
            // A retry is not due earlier than in a second.
            woken.recv_timeout(Duration::from_millis(100)).ok();
            continue;
        }
        for (number, Entry { id, message }) in streams::read(&mut redis, &after)? {
            let Some(stream) = all.get_mut(&number) else { continue };
            let checkpoint = streams::checkpoint(number, &id)?;
            (stream.position, stream.read) = (Some(id), stream.read + 1);
            stream.follower.push(FeedEvent::Update { item: message, checkpoint });
            if stream.read.is_multiple_of(1_000) {
                streams::trim(&mut redis, number)?;
            }
        }
    }
}

impl Stream {
    /// Performs the turns that are due.
    fn turns(&mut self, number: u64, client: &Client) -> Result<()> {
        loop {
            match self.follower.turn() {
                Turn::Follow(Some(after)) => self.position = Some(streams::position(&after)?),
                Turn::Follow(None) => {
                    self.position = Some("0-0".into());
                    self.follower.push(FeedEvent::Started(streams::checkpoint(number, "0-0")?));
                }
                Turn::Abandon => self.position = None,
                Turn::Handle(event) => match handle(client, &event) {
                    Ok(()) => event.handled(),
                    // Dropped: it comes again, and the later events of its chat wait.
                    Err(error) => eprintln!("will be handled again: {error}"),
                },
                turn @ (Turn::Poll(_) | Turn::Wait(_)) => {
                    self.wants_more = matches!(turn, Turn::Poll(_));
                    return Ok(());
                }
                Turn::End(result) => return Ok(result?),
            }
        }
    }
}

/// Replies to a message. The key is that of its entry, so that it has one reply, whichever worker handles it.
fn handle(client: &Client, event: &FleetEvent<Message>) -> Result<(), Error> {
    let Some(message) = event.item() else { return Ok(()) };
    let Some(rest) = message.text.as_deref().and_then(|text| text.strip_prefix("ping")) else { return Ok(()) };
    let reply = Draft::text(format!("pong{rest}")).reply_to(&message.mid).idempotency_key(event.key("pong"));
    client.chats().chat(&message.tid).post(reply).map(drop)
}
