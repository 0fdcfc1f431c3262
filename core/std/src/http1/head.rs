use memchr::memchr_iter;
use teamwire_core::effect::{TransportError, TransportErrorKind};

use super::limits::MAX_LINE_BREAKS;

/// Head at the beginning of the received bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Its end has not arrived yet.
    Incomplete,
    /// An interim response (1xx, but for 101), to be skipped.
    Interim {
        /// Length of the whole head in bytes.
        length: usize,
        /// `100 Continue`: the server requests the body.
        continues: bool,
    },
    /// The final response.
    Final {
        /// Length of the whole head in bytes.
        length: usize,
        /// Status code; zero for a head that is not HTTP.
        status: u16,
    },
}

/// The line breaks in front of the heads of a response. Some servers end the previous response with one too many, as
/// some clients do with requests (RFC 9112, section 2.2).
#[derive(Debug, Default)]
pub struct LineBreaks(usize);

impl LineBreaks {
    /// Returns the number of line-break bytes at the beginning of these bytes, which are to be skipped.
    ///
    /// # Errors
    ///
    /// Fails if there are more than [`MAX_LINE_BREAKS`] in the whole response.
    pub fn skip(&mut self, bytes: &[u8]) -> Result<usize, TransportError> {
        let length = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.0 += length;
        if self.0 > MAX_LINE_BREAKS {
            let reason = format!("more than {MAX_LINE_BREAKS} bytes of line breaks before the response");
            return Err(TransportError::new(TransportErrorKind::Protocol, reason));
        }
        Ok(length)
    }
}

/// Returns the head at the beginning of these bytes, in which spaces have replaced each obsolete line folding
/// (RFC 9112, section 5.2).
pub fn next_head(bytes: &mut [u8]) -> Head {
    if bytes.is_empty() || b"HTTP/".starts_with(&bytes[..bytes.len().min(5)]) && bytes.len() < 5 {
        return Head::Incomplete;
    }
    let status = status(bytes);
    let Some((length, is_folded)) = end(bytes) else { return Head::Incomplete };
    if is_folded {
        unfold(&mut bytes[..length]);
    }
    match status {
        Some(status @ 100..200) if status != 101 => Head::Interim { length, continues: status == 100 },
        status => Head::Final { length, status: status.unwrap_or(0) },
    }
}

/// Returns the status code in the first line of a head.
fn status(head: &[u8]) -> Option<u16> {
    let digits = head.strip_prefix(b"HTTP/1.")?.get(1..5)?.strip_prefix(b" ")?;
    digits.iter().try_fold(0, |status, digit| digit.is_ascii_digit().then(|| status * 10 + u16::from(digit - b'0')))
}

/// Returns the length of the head with its empty line, and whether one of its lines begins with white space.
fn end(bytes: &[u8]) -> Option<(usize, bool)> {
    let (mut line_start, mut is_folded) = (0, false);
    for at in memchr_iter(b'\n', bytes) {
        let line = &bytes[line_start..at];
        if line_start > 0 && (line.is_empty() || line == b"\r") {
            return Some((at + 1, is_folded));
        }
        is_folded |= matches!(line.first(), Some(b' ' | b'\t'));
        line_start = at + 1;
    }
    None
}

/// Replaces each line break before white space by spaces, except before the first header line, which has no line to be
/// joined to.
fn unfold(head: &mut [u8]) {
    let first_line = head.iter().position(|byte| *byte == b'\n').unwrap_or(head.len());
    for at in first_line + 1..head.len().saturating_sub(1) {
        if head[at] == b'\n' && matches!(head[at + 1], b' ' | b'\t') {
            head[at] = b' ';
            if head[at - 1] == b'\r' {
                head[at - 1] = b' ';
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Head, String) {
        let mut bytes = text.as_bytes().to_vec();
        (next_head(&mut bytes), String::from_utf8(bytes).expect("spaces are text"))
    }

    #[test]
    fn interim_heads_are_distinguished_from_the_final_one() {
        let interim = |length, continues| Head::Interim { length, continues };
        for (text, head) in [
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", interim(25, true)),
            ("HTTP/1.1 100 Continue\r\nx: y\r\n\r\n", interim(31, true)),
            ("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", interim(40, false)),
            ("HTTP/1.1 199\n\n", interim(14, false)),
            ("HTTP/1.1 101 Other\r\n\r\n", Head::Final { length: 22, status: 101 }),
            ("HTTP/1.0 204 None\r\n\r\nrest", Head::Final { length: 21, status: 204 }),
            ("HTTP/1.1 2000 OK\r\n\r\n", Head::Final { length: 20, status: 200 }),
            ("SSH-2.0-server\r\n\r\n", Head::Final { length: 18, status: 0 }),
            ("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n", Head::Incomplete),
            ("HTTP/1.1 10", Head::Incomplete),
            ("HT", Head::Incomplete),
            ("", Head::Incomplete),
        ] {
            assert_eq!(read(text).0, head, "{text:?}");
        }
    }

    #[test]
    fn folded_lines_become_one() {
        let (head, text) = read("HTTP/1.1 200 OK\r\na: b\r\n c\n\td\r\n\r\n e\r\n f");
        assert_eq!(head, Head::Final { length: 32, status: 200 });
        assert_eq!(text, "HTTP/1.1 200 OK\r\na: b   c \td\r\n\r\n e\r\n f", "and the body stays as it is");
        let (_, text) = read("HTTP/1.1 200 OK\r\n a: b\r\n\r\n");
        assert_eq!(text, "HTTP/1.1 200 OK\r\n a: b\r\n\r\n", "there is no line to fold it to");
    }
}
