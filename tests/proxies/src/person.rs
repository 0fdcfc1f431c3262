//! A person who posts to the lobby without a proxy.

use std::{
    thread,
    time::{Duration, Instant},
};

use teamwire_sandbox::{Sandbox, org};

/// Posts a note after each pause that `next_pause` returns for its number. Returns the notes with their times.
pub(crate) fn post_notes(
    sandbox: &Sandbox,
    mut next_pause: impl FnMut(usize) -> Option<Duration>,
) -> Vec<(String, Instant)> {
    let mut posted = Vec::new();
    while let Some(pause) = next_pause(posted.len()) {
        thread::sleep(pause);
        let text = format!("note-{}", posted.len());
        let posted_at = Instant::now();
        sandbox.as_person(org::ANNA).post(org::LOBBY, &text).expect("Anna is in the lobby");
        posted.push((text, posted_at));
    }
    posted
}
