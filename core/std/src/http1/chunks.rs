use teamwire_core::effect::{TransportError, TransportErrorKind};

use super::limits::MAX_HEAD;

/// Maximum length of chunk extensions without a byte of the body between them, in bytes.
const MAX_EXTENSIONS: usize = 1 << 20;

/// Incremental decoder of a chunked body (RFC 9112, section 7.1).
///
/// Malformed bytes pass unchanged: see [`ChunkLines::check`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ChunkLines {
    state: State,
    extensions: usize,
    trailers: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// At the beginning of a size line.
    #[default]
    Start,
    Size {
        size: u64,
        digits: u32,
    },
    Extension {
        size: u64,
    },
    /// Behind the CR of a size line.
    SizeEnd {
        size: u64,
    },
    Data {
        left: u64,
    },
    /// Behind the data of a chunk.
    DataEnd,
    /// Behind the CR that follows the data of a chunk.
    DataLineEnd,
    /// In a line of the trailers, of which this number of bytes has arrived.
    Trailers {
        line: usize,
    },
    /// Behind the CR of such a line.
    TrailerEnd {
        line: usize,
    },
    /// Behind the end of the body.
    Ended,
    /// Behind the first byte that does not belong there.
    Malformed,
}

impl ChunkLines {
    /// Decodes the next bytes of the body, up to its end at most. Returns the number of bytes that were read, and the
    /// number that were written.
    pub fn decode(&mut self, from: &[u8], to: &mut [u8]) -> (usize, usize) {
        let (mut read, mut written) = (0, 0);
        while read < from.len() && !matches!(self.state, State::Ended | State::Malformed) {
            let data = match self.state {
                State::Data { left } => {
                    let room = (from.len() - read).min(to.len() - written);
                    Some(usize::try_from(left).unwrap_or(usize::MAX).min(room))
                }
                _ => None,
            };
            if data == Some(0) {
                break;
            }
            let length = data.unwrap_or(1);
            self.keeps(from[read], length);
            if data.is_some() {
                to[written..written + length].copy_from_slice(&from[read..read + length]);
                written += length;
            }
            read += length;
        }
        (read, written)
    }

    /// Removes extensions and trailers from the next bytes of the body, and passes the data in them to `on_data`, which
    /// may change it. Returns the number of bytes that are left: the data and the chunk sizes.
    pub fn strip(&mut self, bytes: &mut [u8], mut on_data: impl FnMut(&mut [u8])) -> usize {
        let (mut read, mut write) = (0, 0);
        while read < bytes.len() {
            let length = match self.state {
                State::Data { left } => usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - read),
                State::Ended | State::Malformed => bytes.len() - read,
                _ => 1,
            };
            let is_data = matches!(self.state, State::Data { .. });
            if self.keeps(bytes[read], length) {
                if read != write {
                    bytes.copy_within(read..read + length, write);
                }
                if is_data {
                    on_data(&mut bytes[write..write + length]);
                }
                write += length;
            }
            read += length;
        }
        write
    }

    /// Returns whether the end of the body has arrived.
    pub const fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Checks what has arrived so far.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Protocol`] if the body is malformed, or has more than [`MAX_HEAD`] bytes of trailers or 1
    /// MiB of extensions in a row, which could keep a reader busy forever.
    pub fn check(&self) -> Result<(), TransportError> {
        let why = match self {
            _ if self.is_malformed() => "the chunked body is malformed",
            _ if self.is_excessive() => "the extensions or trailers of the chunked body are too long",
            _ => return Ok(()),
        };
        Err(TransportError::new(TransportErrorKind::Protocol, why))
    }

    /// Returns whether there are more than [`MAX_HEAD`] bytes of trailers, or more than 1 MiB of extensions in a row.
    const fn is_excessive(&self) -> bool {
        self.trailers > MAX_HEAD || self.extensions > MAX_EXTENSIONS
    }

    /// Returns whether the body violates RFC 9112, section 7.1: a size is not hexadecimal, the data does not match its
    /// size, or a line does not end with CR LF. A reader might wait forever for the end of such a line.
    const fn is_malformed(&self) -> bool {
        matches!(self.state, State::Malformed)
    }

    /// Advances by one byte, or by a run of data. Returns whether the bytes are kept.
    fn keeps(&mut self, byte: u8, length: usize) -> bool {
        let digit = char::from(byte).to_digit(16).map(u64::from);
        let before = self.state;
        if let State::Data { .. } = before {
            self.extensions = 0;
        }
        self.state = match (before, byte) {
            (State::Start, _) => match digit {
                Some(size) => State::Size { size, digits: u32::from(size > 0) },
                None => State::Malformed,
            },
            (State::Size { size, .. } | State::Extension { size }, b'\r') => State::SizeEnd { size },
            (State::Size { .. } | State::Extension { .. }, b'\n') => State::Malformed,
            (State::Size { size, .. }, b';' | b' ' | b'\t') => State::Extension { size },
            (State::Size { size, digits }, _) => match digit {
                // ureq_proto accepts size lines of up to 20 bytes, so only the first of several leading zeros is kept.
                Some(0) if digits == 0 => return self.drop_byte(),
                Some(digit) if digits < 16 => State::Size { size: size << 4 | digit, digits: digits + 1 },
                _ => State::Malformed,
            },
            (State::Extension { .. }, _) => return self.drop_byte(),
            (State::SizeEnd { size: 0 }, b'\n') => State::Trailers { line: 0 },
            (State::SizeEnd { size }, b'\n') => State::Data { left: size },
            (State::Data { left }, _) => match left - length as u64 {
                0 => State::DataEnd,
                left => State::Data { left },
            },
            (State::DataEnd, b'\r') => State::DataLineEnd,
            (State::DataLineEnd, b'\n') => State::Start,
            (State::Trailers { line }, b'\r') => State::TrailerEnd { line },
            (State::TrailerEnd { line: 0 }, b'\n') | (State::Ended, _) => State::Ended,
            (State::TrailerEnd { .. }, b'\n') => State::Trailers { line: 0 },
            (State::Trailers { .. }, b'\n')
            | (
                State::SizeEnd { .. }
                | State::DataEnd
                | State::DataLineEnd
                | State::TrailerEnd { .. }
                | State::Malformed,
                _,
            ) => State::Malformed,
            (State::Trailers { line }, _) => {
                self.trailers += 1;
                State::Trailers { line: line + 1 }
            }
        };
        match (before, self.state) {
            (State::Size { .. }, State::Extension { .. }) => self.drop_byte(),
            // Only the line break that ends the body is kept of the trailers.
            (State::Trailers { .. }, State::Trailers { .. } | State::TrailerEnd { line: 1.. })
            | (State::TrailerEnd { .. }, State::Trailers { .. }) => false,
            _ => true,
        }
    }

    const fn drop_byte(&mut self) -> bool {
        self.extensions += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(text: &str, piece: usize) -> (String, ChunkLines) {
        let (mut lines, mut out) = (ChunkLines::default(), Vec::new());
        for piece in text.as_bytes().chunks(piece) {
            let mut piece = piece.to_vec();
            let length = lines.strip(&mut piece, |data| data.make_ascii_uppercase());
            out.extend_from_slice(&piece[..length]);
        }
        (String::from_utf8(out).expect("it was text"), lines)
    }

    /// Decodes this text, which arrives in pieces of this length, into a buffer with this much room.
    fn decoded(text: &str, piece: usize, room: usize) -> (String, usize) {
        let (mut lines, mut out, mut at) = (ChunkLines::default(), Vec::new(), 0);
        let mut arrived = 0;
        while arrived < text.len() {
            arrived = (arrived + piece).min(text.len());
            loop {
                let mut to = vec![0; room];
                let (read, written) = lines.decode(&text.as_bytes()[at..arrived], &mut to);
                at += read;
                out.extend_from_slice(&to[..written]);
                if read == 0 {
                    break;
                }
            }
        }
        lines.check().expect("it is well-formed");
        (String::from_utf8(out).expect("it was text"), at)
    }

    #[test]
    fn the_data_is_taken_out_however_it_is_cut() {
        let (body, data) = ("3;x=y\r\nabc\r\n00b\r\n0\r\n12345678\r\n0\r\nx: y\r\nz: \r\n\r\n", "abc0\r\n12345678");
        for piece in 1..=body.len() + 4 {
            for room in 1..=data.len() {
                let text = format!("{body}rest");
                assert_eq!(decoded(&text, piece, room), (data.to_owned(), body.len()), "{piece} {room}");
            }
        }
        assert!(stripped(body, 1).1.has_ended() && !stripped(&body[..body.len() - 1], 1).1.has_ended());
    }

    #[test]
    fn extensions_and_trailers_go_and_all_else_stays_however_it_is_cut() {
        for (text, expected) in [
            ("3\r\nabc\r\n0\r\n\r\n", "3\r\nABC\r\n0\r\n\r\n"),
            ("3;x=\"a long extension of more than twenty bytes\"\r\na;b\r\n0;y\r\n\r\n", "3\r\nA;B\r\n0\r\n\r\n"),
            (
                "0000000000000000000000000000a \r\n0123456789\r\n00\r\nx: y\r\n\r\nrest",
                "0a\r\n0123456789\r\n0\r\n\r\nrest",
            ),
            ("1\r\na\r\n0\r\n\r\n3;x\r\n", "1\r\nA\r\n0\r\n\r\n3;x\r\n"),
            ("1\r\na\r\n0\r\nx: y\r\nz\r\n\r\n", "1\r\nA\r\n0\r\n\r\n"),
            ("fffffffffffffffff\r\nab;c", "fffffffffffffffff\r\nab;c"),
            ("x;y\r\n", "x;y\r\n"),
            ("1\r\nab;c\r\n", "1\r\nAb;c\r\n"),
        ] {
            for piece in 1..=text.len() {
                assert_eq!(stripped(text, piece).0, expected, "{text:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn another_form_is_malformed_from_its_first_byte_on() {
        for (good, bad) in [
            ("", "+5\r\nhello\r\n"),
            ("", " 5\r\nhello\r\n"),
            ("0", "x5\r\nhello\r\n"),
            ("", "\r\n"),
            ("5", "\nhello\n0\n\n"),
            ("5;x", "\nhello\r\n"),
            ("5\r", "hello\r\n"),
            ("2\r\nhe", "llo\r\n"),
            ("5\r\nhello", "\n0\r\n\r\n"),
            ("0\r\n", "\n"),
            ("0\r\nx: a\r", "b\r\n\r\n"),
            ("0\r\nx: a", "\n\r\n"),
            ("0\r\n\r", "\r\n"),
        ] {
            assert!(!stripped(good, 1).1.is_malformed(), "{good:?}");
            assert!(stripped(&format!("{good}{}", &bad[..1]), 1).1.is_malformed(), "{good:?} and {bad:?}");
            assert!(stripped(&format!("{good}{bad}"), 3).1.is_malformed(), "{good:?} and {bad:?}");
        }
        assert!(!stripped("1\r\na\r\n0\r\n\r\n+", 1).1.is_malformed(), "that is behind the end");
    }

    #[test]
    fn endless_lines_and_trailers_are_excessive() {
        let many = "x".repeat(2 << 20);
        for text in [format!("1;{many}"), format!("0\r\n{many}"), format!("0\r\n{}", "a: b\r\n".repeat(20_000))] {
            assert!(stripped(&text, 4096).1.is_excessive());
        }
        assert!(!stripped(&"1;xyz\r\na\r\n".repeat(1 << 19), 4096).1.is_excessive(), "there is data between them");
        assert!(!stripped(&format!("100000\r\n{}\r\n0\r\n\r\n", "x".repeat(1 << 20)), 4096).1.is_excessive());
    }
}
