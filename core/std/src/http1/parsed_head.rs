use std::mem;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use memchr::{memchr, memchr_iter};
use teamwire_core::effect::{TransportError, TransportErrorKind};

use super::framing::Framing;

/// Maximum number of header fields of a response.
const MAX_FIELDS: usize = 128;

/// The head of a final response, for the client and for the HTTP library.
#[derive(Debug)]
pub struct ParsedHead {
    /// Status code, as three digits: not every one is valid.
    pub status: u16,
    /// All header fields.
    pub headers: HeaderMap,
    /// Framing of the body.
    pub framing: Framing,
    /// The connection ends with the response.
    pub closes_connection: bool,
    /// Announced length of the body.
    pub length: Option<u64>,
    /// The version is HTTP/1.0.
    pub is_old: bool,
    /// The `Connection` option that decides whether the connection is kept.
    option: Option<&'static str>,
}

impl ParsedHead {
    /// Parses the whole head of a final response. Returns `None` if it has no status line of HTTP/1.0 or HTTP/1.1.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Protocol`] if the head is malformed, has more than 128 fields, or has contradictory
    /// lengths; also the errors of [`Framing::of`].
    pub fn parse(head: &[u8]) -> Result<Option<Self>, TransportError> {
        Self::parse_as(head, false)
    }

    /// Same as [`parse`](Self::parse), for a response to `CONNECT`: one that opens the tunnel has no body, whatever its
    /// fields say (RFC 9110, section 9.3.6).
    ///
    /// # Errors
    ///
    /// Those of `parse`.
    pub fn parse_of_tunnel(head: &[u8]) -> Result<Option<Self>, TransportError> {
        Self::parse_as(head, true)
    }

    fn parse_as(head: &[u8], is_of_tunnel: bool) -> Result<Option<Self>, TransportError> {
        // Some servers end the previous response with one line break too many.
        let start = head.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(head.len());
        let mut lines = lines(&head[start..]);
        let Some((is_old, status)) = lines.next().and_then(status_line) else { return Ok(None) };
        let (mut headers, mut has_coding, mut has_option) = (HeaderMap::new(), false, false);
        for line in lines.take_while(|line| !line.is_empty()) {
            if headers.len() == MAX_FIELDS {
                return Err(malformed(format!("more than {MAX_FIELDS} header fields")));
            }
            let (name, value) = field(line).ok_or_else(|| malformed("a header field is malformed"))?;
            has_coding |= name == header::TRANSFER_ENCODING;
            has_option |= name == header::CONNECTION;
            headers.append(name, value);
        }
        let option = if has_option { connection(&headers) } else { None };
        let closes_connection = option == Some("close") || is_old && option.is_none();
        if is_of_tunnel && (200..300).contains(&status) {
            let framing = Framing { is_chunked: false, is_unambiguous: true };
            return Ok(Some(Self { status, headers, framing, closes_connection, length: None, is_old, option }));
        }
        let length = length(&headers)?;
        // Most responses have none, and a search costs as much as the parsing of a field.
        let codings = has_coding.then(|| headers.get_all(header::TRANSFER_ENCODING)).into_iter().flatten();
        let codings = codings.map(HeaderValue::as_bytes);
        let framing = match Framing::of(is_old, status, codings, length.is_some()) {
            // There is no body, whatever the fields say.
            Err(_) if matches!(status, 204 | 304) => Framing { is_chunked: false, is_unambiguous: false },
            framing => framing?,
        };
        Ok(Some(Self { status, headers, framing, closes_connection, length, is_old, option }))
    }

    /// Returns the part of the head that delimits the response: only known words and numbers, and never longer than the
    /// whole head. `ureq_proto` logs every byte that it reads, and a server may repeat the credentials of a request
    /// anywhere.
    pub fn for_library(&self) -> String {
        /// Length for which the lines of most responses have room, in bytes.
        const USUAL_LENGTH: usize = 64;
        let Self { status, is_old, option, framing, length, .. } = self;
        let mut text = String::with_capacity(USUAL_LENGTH);
        text.push_str(if *is_old { "HTTP/1.0 " } else { "HTTP/1.1 " });
        text.extend([100, 10, 1].into_iter().filter_map(|unit| char::from_digit(u32::from(status / unit % 10), 10)));
        text.push('\n');
        let mut add = |parts: [&str; 3]| parts.into_iter().for_each(|part| text.push_str(part));
        if let Some(option) = option {
            add(["connection:", option, "\n"]);
        }
        if framing.is_chunked {
            add(["transfer-encoding:", "chunked", "\n"]);
        }
        if let Some(length) = length {
            add(["content-length:", &length.to_string(), "\n"]);
        }
        text.push('\n');
        text
    }
}

/// Returns the lines, each without its line break.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr_iter(b'\n', bytes).chain([bytes.len()]);
    ends.scan(0, |start, end| {
        let line = &bytes[mem::replace(start, end + 1)..end];
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// Returns whether the version is HTTP/1.0, and the status code.
fn status_line(line: &[u8]) -> Option<(bool, u16)> {
    let is_text = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    let (start, reason) = line.split_at_checked("HTTP/1.1 200".len())?;
    let (version, status) = start.split_at("HTTP/1.1 ".len());
    let is_old = match version {
        b"HTTP/1.1 " => false,
        b"HTTP/1.0 " => true,
        _ => return None,
    };
    let status = status
        .iter()
        .try_fold(0, |status, digit| digit.is_ascii_digit().then(|| status * 10 + u16::from(digit - b'0')))?;
    let has_reason = matches!(reason.first(), None | Some(b' ')) && reason.iter().all(is_text);
    has_reason.then_some((is_old, status))
}

fn field(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = memchr(b':', line)?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
}

/// Returns the announced length of the body.
fn length(headers: &HeaderMap) -> Result<Option<u64>, TransportError> {
    let values = headers.get_all(header::CONTENT_LENGTH).iter();
    let mut length = None;
    for text in values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii) {
        let digits = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let next: u64 = digits
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| malformed("the content-length is not a number"))?;
        if length.is_some_and(|length| length != next) {
            return Err(malformed("the content-length fields contradict each other"));
        }
        length = Some(next);
    }
    Ok(length)
}

/// Returns the `Connection` option that decides whether the connection is kept after the response.
fn connection(headers: &HeaderMap) -> Option<&'static str> {
    let has = |option: &str| {
        let values = headers.get_all(header::CONNECTION).iter();
        let mut options = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        options.any(|found| found.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
    };
    ["close", "keep-alive"].into_iter().find(|option| has(option))
}

fn malformed(why: impl Into<String>) -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_sees_known_words_and_numbers_alone() {
        for (head, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200\n\n"),
            ("HTTP/1.0 204\n\n", "HTTP/1.0 204\n\n"),
            ("\r\nHTTP/1.1 200 OK\r\nsecret: secret\r\n\r\n", "HTTP/1.1 200\n\n"),
            ("HTTP/1.1 302 Secret\r\nlocation: secret\r\nset-cookie: secret\r\nsecret: x\r\n\r\n", "HTTP/1.1 302\n\n"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length:0005 , 5\r\ncontent-length: 5\r\n\r\n",
                "HTTP/1.1 200\ncontent-length:5\n\n",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity, Chunked\r\n\r\n",
                "HTTP/1.1 200\ntransfer-encoding:chunked\n\n",
            ),
            ("HTTP/1.1 200 OK\r\nConnection: secret, Close\r\n\r\n", "HTTP/1.1 200\nconnection:close\n\n"),
            ("HTTP/1.0 200 OK\r\nconnection:Keep-Alive\r\n\r\n", "HTTP/1.0 200\nconnection:keep-alive\n\n"),
            ("HTTP/1.1 200 OK\nconnection:close\nconnection:keep-alive\n\n", "HTTP/1.1 200\nconnection:close\n\n"),
            ("HTTP/1.1 200 OK\r\nconnection: secret\r\n\r\n", "HTTP/1.1 200\n\n"),
        ] {
            let parsed = ParsedHead::parse(head.as_bytes()).expect("it is well-formed").expect("it is HTTP");
            assert_eq!(parsed.for_library(), expected, "{head:?}");
            assert!(parsed.for_library().len() <= head.len(), "{head:?}");
        }
    }

    #[test]
    fn all_fields_are_read() {
        let head = b"HTTP/1.1 200 OK\r\nA: b \r\na:\tc\r\nSet-Cookie: \xfc\r\nempty:\r\n\r\n";
        let headers = ParsedHead::parse(head).expect("it is well-formed").expect("it is HTTP").headers;
        assert_eq!(headers.get_all("a").iter().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!((headers["set-cookie"].as_bytes(), headers["empty"].as_bytes()), (&b"\xfc"[..], &b""[..]));
    }

    #[test]
    fn a_malformed_head_is_refused() {
        for (head, why) in [
            ("a b: c\r\n", "malformed"),
            ("a : c\r\n", "malformed"),
            (": c\r\n", "malformed"),
            (" a: c\r\n", "malformed"),
            ("a\r\n", "malformed"),
            ("a: b\rc\r\n", "malformed"),
            ("a: \0\r\n", "malformed"),
            ("content-length: +5\r\n", "content-length"),
            ("content-length: 5,\r\n", "content-length"),
            ("content-length: 99999999999999999999\r\n", "content-length"),
            ("content-length: 5\r\ncontent-length: 6\r\n", "contradict each other"),
            ("transfer-encoding: gzip\r\n", "transfer coding"),
            (&"a: b\r\n".repeat(129), "more than 128"),
        ] {
            let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
            let error = ParsedHead::parse(head.as_bytes()).expect_err("it is malformed");
            assert!(error.kind == TransportErrorKind::Protocol && error.to_string().contains(why), "{error}");
        }
        for line in ["SSH-2.0-x", "HTTP/1.2 200 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 20", "HTTP/1.1 200 \u{7f}"] {
            assert!(
                ParsedHead::parse(format!("{line}\r\n\r\n").as_bytes()).expect("no field is read").is_none(),
                "{line}"
            );
        }
    }
}
