use teamwire_core::{Fault, FaultKind};

/// Framing of a response's body, as far as ureq has to be helped with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Framing {
    /// The body comes in chunks.
    pub(super) is_chunked: bool,
    /// The end of the body is beyond doubt, so that the connection can be kept (RFC 9112, section 6.1).
    pub(super) is_certain: bool,
}

impl Framing {
    /// Reads the head of a response. A transfer coding other than `chunked` is a failure: none was asked for.
    pub(super) fn of(head: &[u8]) -> Result<Self, Fault> {
        let (mut has_length, mut has_coding, mut is_chunked) = (false, false, false);
        for line in head.split(|byte| *byte == b'\n').skip(1) {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = line.split_at(colon);
            has_length |= name.eq_ignore_ascii_case(b"content-length");
            if !name.eq_ignore_ascii_case(b"transfer-encoding") {
                continue;
            }
            has_coding = true;
            for coding in value[1..].split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                if coding.eq_ignore_ascii_case(b"chunked") {
                    is_chunked = true;
                } else if !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity") {
                    let coding = coding.escape_ascii();
                    let why = format!("the response has a transfer coding that was not asked for: {coding}");
                    return Err(Fault::new(FaultKind::Protocol, why));
                }
            }
        }
        let is_old = head.starts_with(b"HTTP/1.0");
        Ok(Self { is_chunked: is_chunked && !is_old, is_certain: !has_coding || !has_length && !is_old })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_body_is_certain_or_not() {
        for (head, is_chunked, is_certain) in [
            ("HTTP/1.1 200 OK\r\n\r\n", false, true),
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", false, true),
            ("HTTP/1.1 200 OK\r\nTRANSFER-encoding:Chunked\r\n\r\n", true, true),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\ntransfer-encoding: chunked\r\n\r\n", true, true),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n", true, false),
            ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", false, false),
        ] {
            assert_eq!(Framing::of(head.as_bytes()).expect("readable"), Framing { is_chunked, is_certain }, "{head}");
        }
        let fault = Framing::of(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n").expect_err("gzip");
        assert!(fault.kind == FaultKind::Protocol && fault.to_string().contains("not asked for: gzip"), "{fault}");
    }
}
