//! The bytes that servers send, with marks for other events.

use crate::memory::MAX_INPUT_LEN;

/// If this byte is followed by the byte of a [`ConnectionEvent`], the event happens instead of the two bytes being
/// sent.
const MARK: u8 = 0xF7;

/// If the mark is followed by this byte, a length and a count, the last `length` bytes before it are repeated 64 times
/// `count`. So few mutations create a long list, or many lines.
const REPEAT: u8 = 0xC4;

/// Expands the repetitions of an input, up to the maximum length of an input.
pub(crate) fn expand_repetitions(input: &[u8]) -> Vec<u8> {
    let mut expanded = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if let (&MARK, [REPEAT, length, count, tail @ ..]) = (first, tail) {
            let start = expanded.len().saturating_sub((*length).into());
            let chunk = expanded[start..].to_vec();
            let max_repetitions = MAX_INPUT_LEN.saturating_sub(expanded.len()) / chunk.len().max(1);
            expanded.extend(chunk.repeat(max_repetitions.min(usize::from(*count) * 64)));
            rest = tail;
        } else {
            expanded.push(*first);
        }
    }
    expanded
}

/// The input, of which each connection gets the next bytes.
pub(crate) struct ResponseBytes {
    input: Box<[u8]>,
    position: usize,
}

/// An event that happens instead of sending bytes.
#[derive(Clone, Copy)]
pub(crate) enum ConnectionEvent {
    /// The server closes the connection. The next connection continues after the mark.
    Close,
    /// The server resets the connection. The next connection continues after the mark.
    Reset,
    /// The server sends nothing more, and keeps the connection open.
    Stall,
    /// The server waits for bytes from the client.
    AwaitInput,
}

impl ResponseBytes {
    pub(crate) fn new(input: &[u8]) -> Self {
        Self { input: input.into(), position: 0 }
    }

    /// Returns the next bytes, at most `max_len`, or the event before them.
    pub(crate) fn next(&mut self, max_len: usize) -> Result<&[u8], ConnectionEvent> {
        let rest = &self.input[self.position..];
        if rest.is_empty() {
            return Err(ConnectionEvent::Close);
        }
        if let Some(event) = event_at(rest) {
            self.position += 2;
            return Err(event);
        }
        let max_len = rest.len().min(max_len);
        let length = (1..max_len).find(|at| event_at(&rest[*at..]).is_some()).unwrap_or(max_len);
        self.position += length;
        Ok(&rest[..length])
    }
}

/// Returns the event that these bytes start with, if any.
fn event_at(bytes: &[u8]) -> Option<ConnectionEvent> {
    match bytes {
        [MARK, 0xC0, ..] => Some(ConnectionEvent::Close),
        [MARK, 0xC1, ..] => Some(ConnectionEvent::Reset),
        [MARK, 0xC2, ..] => Some(ConnectionEvent::Stall),
        [MARK, 0xC3, ..] => Some(ConnectionEvent::AwaitInput),
        _ => None,
    }
}
