//! A person who writes to the lobby, past all proxies.

use std::{
    thread,
    time::{Duration, Instant},
};

use teamwire_sandbox::{Sandbox, org};

/// Writes a note after each pause that `next_pause` returns for its number. Returns the notes, with their times.
pub(crate) fn writes(
    sandbox: &Sandbox,
    mut next_pause: impl FnMut(usize) -> Option<Duration>,
) -> Vec<(String, Instant)> {
    let mut written = Vec::new();
    while let Some(pause) = next_pause(written.len()) {
        thread::sleep(pause);
        let text = format!("note-{}", written.len());
        let at = Instant::now();
        sandbox.as_person(org::ANNA).post(org::LOBBY, &text).expect("Anna is in the lobby");
        written.push((text, at));
    }
    written
}
