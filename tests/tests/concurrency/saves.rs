//! Saves of checkpoints that take time.

use std::{
    future::poll_fn,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use teamwire_async_std::{scripted_on, smol::Smol};
use teamwire_core::{
    Checkpoint, Error, FeedEvent, Message, Script,
    script::v1::{expect, respond},
};

use crate::{
    bot::failure,
    scripts::{batch, cursor},
};

fn script() -> Script {
    let updates = (1..=3).map(|number| batch(number, &[("c1", "hello")]));
    let start = respond::no_updates("k0");
    Script::new().on(expect::all_message_updates(), [start].into_iter().chain(updates).collect::<Vec<_>>())
}

/// Serves the feed. The first save ends once all messages are handled, with this result. Returns what was saved.
fn serve(result: Result<(), Error>) -> (Vec<String>, Result<(), Error>) {
    let (script, is_done, saved) = (script(), AtomicBool::new(false), Mutex::new(Vec::new()));
    let events = scripted_on::<Smol>(&script).chats().new_messages(None);
    let handle = async |event: FeedEvent<Message>| {
        if event.item().is_some_and(|message| message.mid.as_str() == "m3-0") {
            is_done.store(true, Ordering::Relaxed);
        }
        Ok(())
    };
    let save = async |checkpoint: Checkpoint| {
        poll_fn(|cx| {
            if is_done.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        saved.lock().expect("nothing has panicked").push(cursor(&checkpoint));
        result.clone()
    };
    let served = smol::block_on(events.for_each_concurrent(8, handle, save));
    script.assert_done();
    (saved.into_inner().expect("nothing has panicked"), served)
}

#[test]
fn feed_is_followed_during_a_save_and_the_newest_checkpoint_is_saved_next() {
    let (saved, served) = serve(Ok(()));
    served.expect("everything is handled and saved");
    assert_eq!(saved, ["k0", "k3"]);
}

#[test]
fn failure_of_a_save_is_that_of_the_whole() {
    let (saved, served) = serve(Err(failure()));
    assert_eq!(served.expect_err("the save fails").to_string(), failure().to_string());
    assert_eq!(saved, ["k0"], "nothing is saved after it");
}
