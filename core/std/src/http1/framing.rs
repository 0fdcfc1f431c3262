use teamwire_core::effect::{TransportError, TransportErrorKind};

/// Framing of a response's body, as far as `ureq_proto` has to be helped with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// The body comes in chunks.
    pub is_chunked: bool,
    /// The end of the body is beyond doubt, so that the connection can be kept (RFC 9112, section 6.1).
    pub is_unambiguous: bool,
}

impl Framing {
    /// Returns the framing of a response of HTTP/1.0 or of a later version, with this status, these values of
    /// `Transfer-Encoding`, and with or without a `Content-Length`.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Protocol`] for a transfer coding other than `chunked`, as none was asked for; for `chunked` twice; and
    /// for any in HTTP/1.0 (RFC 9112, section 6.1): what `ureq_proto` would read then is not the body.
    pub fn of<'a>(
        is_old: bool,
        status: u16,
        values: impl IntoIterator<Item = &'a [u8]>,
        has_length: bool,
    ) -> Result<Self, TransportError> {
        let refused = |why: String| Err(TransportError::new(TransportErrorKind::Protocol, why));
        let (mut has_coding, mut is_chunked) = (false, false);
        for value in values {
            has_coding = true;
            // Empty members of a list are ignored (RFC 9110, section 5.6.1.2).
            for coding in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|coding| !coding.is_empty())
            {
                if coding.eq_ignore_ascii_case(b"identity") {
                    continue;
                }
                if !coding.eq_ignore_ascii_case(b"chunked") {
                    let coding = coding.escape_ascii();
                    return refused(format!("the response has a transfer coding that was not asked for: {coding}"));
                }
                if is_chunked {
                    return refused("the response is chunked twice".to_owned());
                }
                if is_old {
                    return refused("a transfer coding in a response of HTTP/1.0".to_owned());
                }
                is_chunked = true;
            }
        }
        // After a head with this status there is no body, whatever it says; but some servers send one.
        let is_odd = status == 204 && (has_length || has_coding);
        Ok(Self { is_chunked, is_unambiguous: !is_odd && (!has_coding || is_chunked && !has_length) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_body_is_unambiguous_or_not() {
        for (values, has_length, is_chunked, is_unambiguous) in [
            (&[][..], false, false, true),
            (&[], true, false, true),
            (&["Chunked"], false, true, true),
            (&[" , chunked,"], false, true, true),
            (&["identity", "chunked"], false, true, true),
            (&["chunked"], true, true, false),
            (&[""], true, false, false),
        ] {
            let framing = Framing::of(false, 200, values.iter().map(|value: &&str| value.as_bytes()), has_length);
            assert_eq!(framing.expect("it can be read"), Framing { is_chunked, is_unambiguous }, "{values:?}");
        }
        for (values, has_length, is_unambiguous) in
            [(&[][..], false, true), (&[], true, false), (&["chunked"], false, false)]
        {
            let framing = Framing::of(false, 204, values.iter().map(|value: &&str| value.as_bytes()), has_length);
            assert_eq!(framing.expect("it can be read").is_unambiguous, is_unambiguous, "{values:?}");
        }
    }

    #[test]
    fn what_is_no_body_in_chunks_is_refused() {
        for (is_old, value, why) in [
            (false, "gzip, chunked", "not asked for: gzip"),
            (false, "chunked, chunked", "twice"),
            (false, "chunked, gzip", "not asked for: gzip"),
            (true, "chunked", "HTTP/1.0"),
        ] {
            let error = Framing::of(is_old, 200, [value.as_bytes()], false).expect_err("it cannot be read");
            assert!(error.kind == TransportErrorKind::Protocol && error.to_string().contains(why), "{error}");
        }
    }
}
