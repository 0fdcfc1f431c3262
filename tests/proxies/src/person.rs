//! A person who writes to the lobby, past all proxies.

use std::{
    thread,
    time::{Duration, Instant},
};

use teamwire_sandbox::{Sandbox, org};

/// Writes notes for as long as `is_next` gives a pause to make before one. Returns them, with the times at which they were
/// written.
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
