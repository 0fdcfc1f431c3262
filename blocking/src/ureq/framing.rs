use teamwire_core::Fault;
use teamwire_std::http1::Framing;

/// Reads the framing from the head of a response with this status.
///
/// # Errors
///
/// Those of [`Framing::of`].
pub(super) fn framing(head: &[u8], status: u16) -> Result<Framing, Fault> {
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    let fields = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((&line[..colon], &line[colon + 1..]))
    });
    let named = |name: &'static [u8]| {
        fields.clone().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let has_length = named(b"content-length").next().is_some();
    Framing::of(head.starts_with(b"HTTP/1.0"), status, named(b"transfer-encoding"), has_length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_head_say_the_framing() {
        for (head, is_chunked, is_unambiguous) in [
            ("HTTP/1.1 200 OK\r\n\r\n", false, true),
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", false, true),
            ("HTTP/1.1 200 OK\r\nTRANSFER-encoding:Chunked\r\n\r\n", true, true),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n", true, false),
        ] {
            assert_eq!(
                framing(head.as_bytes(), 200).expect("readable"),
                Framing { is_chunked, is_unambiguous },
                "{head}"
            );
        }
        framing(b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", 200).expect_err("HTTP/1.0 has no chunks");
    }
}
