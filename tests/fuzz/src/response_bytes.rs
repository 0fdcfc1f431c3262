//! What all servers together have sent of the input.

use crate::memory::MAX_INPUT_LEN;

/// Where this byte is followed by the one of an [`ConnectionEvent`], the two are not sent: that happens instead.
const MARK: u8 = 0xF7;

/// Where that byte is followed by this one, a length and a number, the last bytes before them are repeated: so many of
/// them, and 64 times that number. Few mutations then lead to a long list, or to many lines.
const REPEAT: u8 = 0xC4;

/// The input with its repetitions, up to the length that an input may have.
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

/// The input, from which every connection gets the next bytes.
pub(crate) struct ResponseBytes {
    input: Box<[u8]>,
    position: usize,
}

/// What a server does instead of sending bytes.
#[derive(Clone, Copy)]
pub(crate) enum ConnectionEvent {
    /// It ends the connection; the next one goes on behind that.
    Close,
    /// It resets the connection, likewise.
    Reset,
    /// It sends nothing more, and keeps the connection open.
    Stall,
    /// It waits for something from the client.
    AwaitInput,
}

impl ResponseBytes {
    pub(crate) fn new(input: &[u8]) -> Self {
        Self { input: input.into(), position: 0 }
    }

    /// Returns the next bytes, `most` at the most, or the event that comes before them.
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

/// The event that these bytes begin with.
fn event_at(bytes: &[u8]) -> Option<ConnectionEvent> {
    match bytes {
        [MARK, 0xC0, ..] => Some(ConnectionEvent::Close),
        [MARK, 0xC1, ..] => Some(ConnectionEvent::Reset),
        [MARK, 0xC2, ..] => Some(ConnectionEvent::Stall),
        [MARK, 0xC3, ..] => Some(ConnectionEvent::AwaitInput),
        _ => None,
    }
}
