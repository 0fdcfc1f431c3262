//! A relay: writes each message into the stream of its chat, in the order of the feed.

use redis::{Connection, Script};
use teamwire_blocking::{Client, FeedEvent, fleet::Save};
use teamwire_std::fleet::Fleet;

use super::{RELAYS, Result, streams};

/// Adds an entry and saves the checkpoint, in one step, if the claim is the current one. So an entry is added once,
/// also if the response is lost, and no other relay adds it. This is a save of `RedisStore`, and one `XADD` more.
const ADD: &str = "
    if redis.call('HGET', KEYS[1], 'claim') ~= ARGV[1] then return 0 end
    local seq = redis.call('HGET', KEYS[1], 'seq') or '0'
    if #ARGV[2] > #seq or (#ARGV[2] == #seq and ARGV[2] > seq) then
        if KEYS[2] then redis.call('XADD', KEYS[2], '*', 'message', ARGV[4]) end
        redis.call('HSET', KEYS[1], 'seq', ARGV[2], 'checkpoint', ARGV[3], 'tries', '1')
    end
    return 1
";

pub(crate) fn run(client: &Client, fleet: &Fleet, mut redis: Connection) -> Result<()> {
    let add = Script::new(ADD);
    for event in fleet.follow_or_begin(client.chats().new_messages(None)) {
        let event = event?;
        // `None` for a failure, which needs nothing, and if the claim is lost: the next relay gets the event.
        let Some(Save { claim, seq, checkpoint }) = event.to_save() else { continue };
        let mut call = add.prepare_invoke();
        call.key(format!("{{teamwire:{RELAYS}}}:feed:{}", claim.feed));
        call.arg(&claim.id).arg(seq.to_string()).arg(serde_json::to_string(&checkpoint)?);
        match &*event {
            FeedEvent::Update { item, .. } => {
                call.key(streams::key(streams::of_chat(item.tid.as_str()))).arg(serde_json::to_string(item)?);
            }
            FeedEvent::Gap(_) | FeedEvent::Undecoded { .. } => eprintln!("not relayed: {:?}", *event),
            _ => {}
        }
        // After an error, the next relay repeats the event from the saved checkpoint.
        if call.invoke::<bool>(&mut redis)? {
            event.saved_by_me();
        }
    }
    Ok(())
}
