//! The streams between relays and workers.

use redis::{Connection, cmd};
use teamwire_blocking::{Checkpoint, Message};

use super::{RELAYS, Result, WORKERS};

/// Number of streams: the maximum number of workers that are busy at the same time. If it is changed, the streams have
/// to be empty, or events of a chat lose their order.
pub(crate) const STREAMS: u64 = 16;
/// Maximum number of entries that are read at once from a stream.
const BATCH: usize = 64;

/// Returns the key of a stream. It is in the same slot of a cluster as the records of the relays, so that one script
/// changes both.
pub(crate) fn key(stream: u64) -> String {
    format!("{{teamwire:{RELAYS}}}:stream:{stream}")
}

/// Returns the name under which workers claim a stream, as if it were a feed.
pub(crate) fn feed(stream: u64) -> String {
    format!("stream/{stream}")
}

/// Returns the stream of a chat: by FNV-1a, which is the same in every version of the program.
pub(crate) fn of_chat(tid: &str) -> u64 {
    let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    tid.bytes().fold(0xcbf2_9ce4_8422_2325, add) % STREAMS
}

/// An entry: its id, and the message in the stable form of the models.
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) message: Message,
}

/// The entries of a stream, each with its id and its fields and values.
type Rows = (String, Vec<(String, Vec<String>)>);

/// Reads the entries of these streams after their positions, and waits a moment if there are none.
pub(crate) fn read(redis: &mut Connection, after: &[(u64, String)]) -> Result<Vec<(u64, Entry)>> {
    let mut command = cmd("XREAD");
    command.arg(&["COUNT", &BATCH.to_string(), "BLOCK", "100", "STREAMS"]);
    command.arg(after.iter().map(|(stream, _)| key(*stream)).collect::<Vec<_>>());
    command.arg(after.iter().map(|(_, id)| id).collect::<Vec<_>>());
    let rows: Option<Vec<Rows>> = command.query(redis)?;
    let mut entries = Vec::new();
    for (name, rows) in rows.unwrap_or_default() {
        let stream = after.iter().map(|(stream, _)| *stream).find(|stream| key(*stream) == name);
        for (id, fields) in rows {
            let message = serde_json::from_str(fields.get(1).map_or("", String::as_str))?;
            entries.extend(stream.map(|stream| (stream, Entry { id, message })));
        }
    }
    Ok(entries)
}

/// Removes the entries that are handled: those before the checkpoint that is saved.
pub(crate) fn trim(redis: &mut Connection, stream: u64) -> Result<()> {
    let record = format!("{{teamwire:{WORKERS}}}:feed:{}", feed(stream));
    if let Some(json) = cmd("HGET").arg(&[&record, "checkpoint"]).query::<Option<String>>(redis)? {
        cmd("XTRIM").arg(key(stream)).arg(&["MINID", &position(&serde_json::from_str(&json)?)?]).query::<u64>(redis)?;
    }
    Ok(())
}

/// Returns the checkpoint behind an entry.
pub(crate) fn checkpoint(stream: u64, id: &str) -> Result<Checkpoint> {
    Ok(serde_json::from_value(serde_json::json!({ "version": 1, "feed": feed(stream), "cursor": id }))?)
}

/// Returns the id of the entry before a checkpoint.
pub(crate) fn position(checkpoint: &Checkpoint) -> Result<String> {
    let value = serde_json::to_value(checkpoint)?;
    Ok(value["cursor"].as_str().ok_or("a checkpoint has a cursor")?.to_owned())
}
