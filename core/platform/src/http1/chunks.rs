use super::MAX_HEAD;

/// Maximum length of all chunk extensions of a response, in bytes: as long as they come, no byte of the body does.
const MAX_EXTENSIONS: usize = 1 << 20;

/// Removes the extensions (RFC 9112, section 7.1.1) from the size lines of a chunked body, piece by piece as it arrives.
///
/// What is not in the form of a chunked body passes as it is, for the reader to refuse.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChunkLines {
    state: State,
    extensions: usize,
    trailers: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// In a size line, before its extension.
    #[default]
    Start,
    Size {
        size: u64,
        digits: u32,
    },
    Extension {
        size: u64,
    },
    Data {
        left: u64,
    },
    /// In the line break behind the data of a chunk.
    DataEnd,
    /// In the trailers, in a line of so many bytes.
    Trailers {
        line: usize,
    },
    /// Behind the end, or where the form is broken.
    Passing,
}

impl ChunkLines {
    /// Removes what is to be left out from these bytes, which follow those of the last call. Returns how many are left at
    /// the beginning of them.
    pub fn strip(&mut self, bytes: &mut [u8]) -> usize {
        let (mut read, mut write) = (0, 0);
        while read < bytes.len() {
            let length = match self.state {
                State::Data { left } => usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - read),
                State::Passing => bytes.len() - read,
                _ => 1,
            };
            if self.keeps(bytes[read], length) {
                if read != write {
                    bytes.copy_within(read..read + length, write);
                }
                write += length;
            }
            read += length;
        }
        write
    }

    /// Exceeds a limit: there are more than [`MAX_HEAD`] bytes of trailers, or more than 1 MiB of extensions.
    pub const fn is_excessive(&self) -> bool {
        self.trailers > MAX_HEAD || self.extensions > MAX_EXTENSIONS
    }

    /// Takes the next byte, or so many of data. Returns whether they stay.
    fn keeps(&mut self, byte: u8, length: usize) -> bool {
        let digit = char::from(byte).to_digit(16).map(u64::from);
        let before = self.state;
        self.state = match (before, byte) {
            (State::Start, _) => match digit {
                Some(size) => State::Size { size, digits: u32::from(size > 0) },
                None => State::Passing,
            },
            (State::Size { size, .. } | State::Extension { size }, b'\n') => Self::after_line(size),
            (State::Size { .. } | State::Extension { .. }, b'\r') => return true,
            (State::Size { size, .. }, b';' | b' ' | b'\t') => State::Extension { size },
            (State::Size { size, digits }, _) => match digit {
                // The reader takes a line of 20 bytes, so no zero stays but the first.
                Some(0) if digits == 0 => return self.leaves_out(),
                Some(digit) if digits < 16 => State::Size { size: size << 4 | digit, digits: digits + 1 },
                _ => State::Passing,
            },
            (State::Extension { .. }, _) => return self.leaves_out(),
            (State::Data { left }, _) => match left - length as u64 {
                0 => State::DataEnd,
                left => State::Data { left },
            },
            (State::DataEnd, b'\r') => State::DataEnd,
            (State::DataEnd, b'\n') => State::Start,
            (State::DataEnd | State::Passing, _) | (State::Trailers { line: 0 }, b'\n') => State::Passing,
            (State::Trailers { line }, _) => {
                self.trailers += 1;
                let line = match byte {
                    b'\n' => 0,
                    b'\r' => line,
                    _ => line + 1,
                };
                State::Trailers { line }
            }
        };
        match (before, self.state) {
            (State::Size { .. }, State::Extension { .. }) => self.leaves_out(),
            _ => true,
        }
    }

    const fn leaves_out(&mut self) -> bool {
        self.extensions += 1;
        false
    }

    const fn after_line(size: u64) -> State {
        if size == 0 { State::Trailers { line: 0 } } else { State::Data { left: size } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(text: &str, piece: usize) -> (String, ChunkLines) {
        let (mut lines, mut out) = (ChunkLines::default(), Vec::new());
        for piece in text.as_bytes().chunks(piece) {
            let mut piece = piece.to_vec();
            let length = lines.strip(&mut piece);
            out.extend_from_slice(&piece[..length]);
        }
        (String::from_utf8(out).expect("it was text"), lines)
    }

    #[test]
    fn extensions_go_and_all_else_stays_however_it_is_cut() {
        for (text, expected) in [
            ("3\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n"),
            ("3;x=\"a long extension of more than twenty bytes\"\r\na;b\r\n0;y\r\n\r\n", "3\r\na;b\r\n0\r\n\r\n"),
            (
                "0000000000000000000000000000a \r\n0123456789\r\n00\r\nx: y\r\n\r\nrest",
                "0a\r\n0123456789\r\n0\r\nx: y\r\n\r\nrest",
            ),
            ("fffffffffffffffff\r\nab;c", "fffffffffffffffff\r\nab;c"),
            ("x;y\r\n", "x;y\r\n"),
            ("1\r\nab;c\r\n", "1\r\nab;c\r\n"),
        ] {
            for piece in 1..=text.len() {
                assert_eq!(stripped(text, piece).0, expected, "{text:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn what_has_no_end_becomes_excessive() {
        let many = "x".repeat(2 << 20);
        for text in [format!("1;{many}"), format!("0\r\n{many}"), format!("0\r\n{}", "a: b\r\n".repeat(20_000))] {
            assert!(stripped(&text, 4096).1.is_excessive());
        }
        assert!(!stripped(&format!("100000\r\n{}\r\n0\r\n\r\n", "x".repeat(1 << 20)), 4096).1.is_excessive());
    }
}
