//! What all servers together have sent of the input.

use crate::memory::LONGEST_INPUT;

/// Where this byte is followed by the one of an [`Event`], the two are not sent: that happens instead.
const MARK: u8 = 0xF7;

/// Where that byte is followed by this one, a length and a number, the last bytes before them are repeated: so many of
/// them, and 64 times that number. Few mutations then lead to a long list, or to many lines.
const REPEATED: u8 = 0xC4;

/// The input with its repetitions, up to the length that an input may have.
pub(crate) fn repeated(input: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if let (&MARK, [REPEATED, length, count, behind @ ..]) = (first, behind) {
            let start = whole.len().saturating_sub((*length).into());
            let piece = whole[start..].to_vec();
            let room = LONGEST_INPUT.saturating_sub(whole.len()) / piece.len().max(1);
            whole.extend(piece.repeat(room.min(usize::from(*count) * 64)));
            rest = behind;
        } else {
            whole.push(*first);
        }
    }
    whole
}

/// The input, from which every connection gets the next bytes.
pub(crate) struct Served {
    input: Box<[u8]>,
    at: usize,
}

/// What a server does instead of sending bytes.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// It ends the connection; the next one goes on behind that.
    Closes,
    /// It resets the connection, likewise.
    Resets,
    /// It sends nothing more, and keeps the connection open.
    FallsSilent,
    /// It waits for something from the client.
    Waits,
}

impl Served {
    pub(crate) fn new(input: &[u8]) -> Self {
        Self { input: input.into(), at: 0 }
    }

    /// Returns the next bytes, `most` at the most, or the event that comes before them.
    pub(crate) fn next(&mut self, most: usize) -> Result<&[u8], Event> {
        let rest = &self.input[self.at..];
        if rest.is_empty() {
            return Err(Event::Closes);
        }
        if let Some(event) = event(rest) {
            self.at += 2;
            return Err(event);
        }
        let most = rest.len().min(most);
        let length = (1..most).find(|at| event(&rest[*at..]).is_some()).unwrap_or(most);
        self.at += length;
        Ok(&rest[..length])
    }
}

/// The event that these bytes begin with.
fn event(bytes: &[u8]) -> Option<Event> {
    match bytes {
        [MARK, 0xC0, ..] => Some(Event::Closes),
        [MARK, 0xC1, ..] => Some(Event::Resets),
        [MARK, 0xC2, ..] => Some(Event::FallsSilent),
        [MARK, 0xC3, ..] => Some(Event::Waits),
        _ => None,
    }
}
