use std::{mem, ops::RangeInclusive};

use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::http1::{ChunkLines, Head, LineBreaks, MAX_HEAD, MAX_INTERIM, ParsedHead, next_head};

use super::{hidden_response::HiddenResponse, request_context::RequestContext};

/// Maximum number of bytes to write at once.
pub(super) const MAX_OUTPUT: usize = 64 << 10;
/// Initial number of bytes of a response to hold, which the connection of each waiting feed has. Empty responses, and
/// those with an object or an event, are shorter.
const MIN_INPUT: usize = 2 << 10;
/// Number of bytes to hold on a connection whose responses are longer, so that most of them take one read.
const LARGER_INPUT: usize = 8 << 10;
/// Maximum number of bytes of a response to hold: the longest head or line that is allowed, and some bytes behind it.
const MAX_INPUT: usize = MAX_HEAD + (16 << 10);
/// Maximum size of a buffer that an idle connection keeps.
const MAX_KEPT: usize = 16 << 10;
/// Minimum and maximum number of bytes of a body of unknown length to receive at once.
const DATA_ROOM: RangeInclusive<usize> = 16 << 10..=64 << 10;
/// The zeros that ureq reads instead of the data of a body without chunks.
static ZEROS: [u8; 16 << 10] = [0; 16 << 10];

/// Buffers of a connection. Responses are preprocessed before ureq sees them: interim responses and chunk extensions
/// are removed, and folded lines are unfolded. ureq logs every byte that it reads, so it gets only the part of the head
/// that delimits the response, and zeros instead of the data of the body. Data without chunks is received without a
/// copy, where its reader finds it.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    output: Vec<u8>,
    input: Vec<u8>,
    /// End of the input that ureq has consumed.
    consumed: usize,
    /// End of the input that ureq can read.
    ready: usize,
    /// End of the input that has arrived.
    filled: usize,
    /// Number of zeros behind the input that ureq can read.
    zeros: usize,
    /// Number of bytes of the body that have not arrived yet, if its length is known.
    data_left: Option<u64>,
    /// Number of bytes of a body that may be received at once.
    data_room: usize,
    /// The last bytes to arrive have filled the buffer, so that more are likely to follow.
    was_filled: bool,
    /// A response was longer than the input.
    was_outgrown: bool,
    /// The input may have bytes that ureq can use.
    has_new_input: bool,
    phase: Phase,
    interim: usize,
    line_breaks: LineBreaks,
    got_continue: bool,
    status: u16,
    is_ambiguous: bool,
    /// The error to report once ureq has read the input before it.
    failure: Option<TransportError>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Phase {
    #[default]
    Head,
    Chunks(ChunkLines),
    /// In a body without chunks.
    Data,
    /// In input that is not HTTP, which passes unchanged so that ureq rejects it.
    NotHttp,
}

impl Buffers {
    /// Prepares for the response to another request.
    pub(super) fn reset(&mut self) {
        let (output, mut input) = (mem::take(&mut self.output), mem::take(&mut self.input));
        if self.was_outgrown && input.len() < LARGER_INPUT {
            input = vec![0; LARGER_INPUT];
        }
        *self = Self { output, input, ..Self::default() };
    }

    /// Frees buffers that were enlarged, once the exchange is complete.
    pub(super) fn shrink(&mut self) {
        self.reset();
        for buffer in [&mut self.output, &mut self.input] {
            if buffer.capacity() > MAX_KEPT {
                *buffer = Vec::new();
            }
        }
    }

    /// Returns the beginning of what ureq has written.
    pub(super) fn written(&self, amount: usize) -> &[u8] {
        &self.output[..amount]
    }

    /// Takes the output buffer, to [return](Self::return_output) it.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        mem::take(&mut self.output)
    }

    pub(super) fn return_output(&mut self, output: Vec<u8>) {
        self.output = output;
    }

    /// Returns the room for bytes to receive.
    pub(super) fn room(&mut self) -> Result<&mut [u8], TransportError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.consumed > 0 {
            self.input.copy_within(self.consumed..self.filled, 0);
            (self.ready, self.filled) = (self.ready - self.consumed, self.filled - self.consumed);
            self.consumed = 0;
        }
        let is_short = self.input.len() - self.filled < MIN_INPUT / 2;
        if mem::take(&mut self.was_filled) || is_short {
            let larger = (self.input.len() * 2).clamp(MIN_INPUT, MAX_INPUT);
            self.input.resize(larger, 0);
        }
        if self.filled == self.input.len() {
            let why = format!("a line of more than {MAX_HEAD} bytes in a chunked body");
            return Err(TransportError::new(TransportErrorKind::Protocol, why));
        }
        Ok(&mut self.input[self.filled..])
    }

    /// Returns whether all bytes to receive are data of a body without chunks.
    pub(super) const fn is_in_data(&self) -> bool {
        matches!(self.phase, Phase::Data)
    }

    /// Returns the number of bytes of data to receive at once.
    pub(super) fn data_room(&mut self) -> usize {
        let larger = self.data_room * if mem::take(&mut self.was_filled) { 2 } else { 1 };
        self.data_room = match self.data_left {
            // One byte more shows whether the response is longer than announced.
            Some(left) => usize::try_from(left).unwrap_or(usize::MAX).saturating_add(1).min(*DATA_ROOM.end()),
            None => larger.clamp(*DATA_ROOM.start(), *DATA_ROOM.end()),
        };
        self.data_room
    }

    /// Adds this number of bytes of data, which have been received.
    pub(super) fn data_arrived(&mut self, amount: usize) {
        self.was_filled = amount >= self.data_room;
        self.data_left = self.data_left.map(|left| left.saturating_sub(amount as u64));
        self.zeros += amount;
        self.has_new_input |= amount > 0;
    }

    /// Processes this number of bytes, which have been received into the room.
    pub(super) fn arrived(&mut self, amount: usize, withheld: &mut HiddenResponse) -> Result<(), TransportError> {
        let before = self.readable();
        self.filled += amount;
        self.was_filled = self.filled == self.input.len();
        self.was_outgrown |= self.was_filled;
        self.repair(amount, withheld)?;
        self.has_new_input |= self.readable() > before;
        Ok(())
    }

    fn repair(&mut self, amount: usize, withheld: &mut HiddenResponse) -> Result<(), TransportError> {
        // A head ends with a line, so it need not be searched again without another end of a line.
        let mut has_line = self.input[self.filled - amount..self.filled].contains(&b'\n');
        while matches!(self.phase, Phase::Head) {
            let breaks = self.line_breaks.skip(&self.input[self.ready..self.filled])?;
            self.input.copy_within(self.ready + breaks..self.filled, self.ready);
            self.filled -= breaks;
            let arrived = &mut self.input[self.ready..self.filled];
            if !begins_as_http(arrived) {
                (self.phase, self.is_ambiguous) = (Phase::NotHttp, true);
                break;
            }
            let head = if has_line { next_head(arrived) } else { Head::Incomplete };
            match head {
                Head::Incomplete if arrived.len() <= MAX_HEAD => return Ok(()),
                Head::Interim { length, continues } if length <= MAX_HEAD => {
                    self.got_continue |= continues;
                    self.interim += 1;
                    if self.interim > MAX_INTERIM {
                        let why = format!("more than {MAX_INTERIM} interim responses (1xx)");
                        return Err(TransportError::new(TransportErrorKind::Protocol, why));
                    }
                    self.input.copy_within(self.ready + length..self.filled, self.ready);
                    self.filled -= length;
                    has_line = true;
                }
                Head::Final { length, status } if length <= MAX_HEAD => {
                    let Some(head) = ParsedHead::parse(&arrived[..length])? else {
                        (self.phase, self.is_ambiguous) = (Phase::NotHttp, true);
                        break;
                    };
                    // It is never longer than the whole head.
                    let for_library = head.for_library();
                    let shorter = for_library.len();
                    let ParsedHead { headers, framing, length: data, .. } = head;
                    (withheld.headers, self.data_left) = (headers, data);
                    arrived[..shorter].copy_from_slice(for_library.as_bytes());
                    arrived.copy_within(length.., shorter);
                    self.filled -= length - shorter;
                    self.ready += shorter;
                    self.status = status;
                    self.is_ambiguous = !framing.is_unambiguous;
                    self.phase = if framing.is_chunked { Phase::Chunks(ChunkLines::default()) } else { Phase::Data };
                }
                _ => {
                    let why = format!("the head of the response has more than {MAX_HEAD} bytes");
                    return Err(TransportError::new(TransportErrorKind::TooLarge, why));
                }
            }
        }
        let new = &mut self.input[self.ready..self.filled];
        match &mut self.phase {
            Phase::Chunks(lines) => {
                let withhold = |data: &mut [u8]| {
                    withheld.data.store(data);
                    data.fill(0);
                };
                self.filled = self.ready + lines.strip(new, withhold);
                if let Err(failure) = lines.check() {
                    // The head may have arrived with it, and is processed first.
                    (self.failure, self.filled) = (Some(failure), self.ready);
                }
            }
            Phase::Data => {
                withheld.data.store(new);
                self.zeros += new.len();
                self.data_left = self.data_left.map(|left| left.saturating_sub(new.len() as u64));
                self.filled = self.ready;
            }
            Phase::Head | Phase::NotHttp => {}
        }
        self.ready = self.filled;
        Ok(())
    }

    /// Returns whether the end of a chunked body is still to come.
    pub(super) const fn is_incomplete(&self) -> bool {
        matches!(self.phase, Phase::Chunks(lines) if !lines.has_ended())
    }

    /// Returns the number of bytes that ureq can read.
    pub(super) const fn readable(&self) -> usize {
        self.ready - self.consumed + self.zeros
    }

    /// Returns whether the whole head of the final response has arrived, or something that is not HTTP.
    pub(super) const fn has_head(&self) -> bool {
        !matches!(self.phase, Phase::Head)
    }

    /// Returns whether the server has sent `100 Continue`.
    pub(super) const fn got_continue(&self) -> bool {
        self.got_continue
    }

    /// Returns whether the response reports a failure (4xx, 5xx).
    pub(super) const fn is_error_status(&self) -> bool {
        self.status >= 400
    }

    /// Returns whether the last bytes have filled their buffer, so that more may have arrived.
    pub(super) const fn was_filled(&self) -> bool {
        self.was_filled
    }

    /// Returns whether no bytes are left over, and the end of the response was unambiguous.
    pub(super) const fn is_clean(&self) -> bool {
        self.filled == self.consumed && self.zeros == 0 && !self.is_ambiguous && self.failure.is_none()
    }
}

/// Returns whether these bytes are the beginning of a status line.
fn begins_as_http(bytes: &[u8]) -> bool {
    b"HTTP/1.m 000".iter().zip(bytes).all(|(pattern, byte)| match pattern {
        b'm' => matches!(byte, b'0' | b'1'),
        b'0' => byte.is_ascii_digit(),
        pattern => pattern == byte,
    })
}

impl ureq::unversioned::transport::Buffers for Buffers {
    fn output(&mut self) -> &mut [u8] {
        let length = RequestContext::with(|context| context.output_length);
        if self.output.len() < length {
            self.output.resize(length, 0);
        }
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        if self.consumed == self.ready {
            return &ZEROS[..self.zeros.min(ZEROS.len())];
        }
        &self.input[self.consumed..self.ready]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        &mut self.input[self.filled..]
    }

    fn input_appended(&mut self, amount: usize) {
        // Only a transport appends, and ours does so by `arrived`.
        debug_assert_eq!(amount, 0);
    }

    fn input_consume(&mut self, amount: usize) {
        if self.consumed == self.ready {
            self.zeros -= amount;
        } else {
            self.consumed += amount;
        }
        self.has_new_input = amount > 0;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.output();
        // ureq uses it for chunked bodies alone, which are not sent.
        if self.input.is_empty() {
            self.input.resize(MIN_INPUT, 0);
        }
        (&mut self.input[self.filled..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.readable() > 0 && self.has_new_input
    }
}

#[cfg(test)]
mod tests;
