use teamwire_core::effect::{TransportError, TransportErrorKind};

/// Framing of a response's body, where `ureq_proto` does not determine it correctly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// The body is chunked.
    pub is_chunked: bool,
    /// The end of the body is unambiguous, so that the connection can be kept (RFC 9112, section 6.1).
    pub is_unambiguous: bool,
}

impl Framing {
    /// Returns the framing of a response of HTTP/1.0 or of a later version, with this status, these values of
    /// `Transfer-Encoding`, and with or without a `Content-Length`.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Protocol`] for a transfer coding other than `chunked`, which was not requested; for a body
    /// that is chunked twice; and for any transfer coding in HTTP/1.0 (RFC 9112, section 6.1). `ureq_proto` would
    /// misread such bodies.
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
                    return refused(format!("the response has a transfer coding that was not requested: {coding}"));
                }
                if is_chunked {
                    return refused("the response is chunked twice".to_owned());
                }
                if is_old {
                    return refused("a response of HTTP/1.0 has a transfer coding".to_owned());
                }
                is_chunked = true;
            }
        }
        // Responses with the status 204 have no body, but some servers send one. The status 408 may have been sent
        // before the request arrived, so that the response to it may follow.
        let is_odd = status == 204 && (has_length || has_coding) || status == 408;
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
    fn other_transfer_codings_are_rejected() {
        for (is_old, value, why) in [
            (false, "gzip, chunked", "not requested: gzip"),
            (false, "chunked, chunked", "twice"),
            (false, "chunked, gzip", "not requested: gzip"),
            (true, "chunked", "HTTP/1.0"),
        ] {
            let error = Framing::of(is_old, 200, [value.as_bytes()], false).expect_err("it cannot be read");
            assert!(error.kind == TransportErrorKind::Protocol && error.to_string().contains(why), "{error}");
        }
    }
}
