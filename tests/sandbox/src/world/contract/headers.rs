//! The headers that carry file names, media types and ranges.

use std::ops::Range;

use super::query;

/// Returns true for a media type: `type/subtype`, optionally with parameters.
pub(crate) fn is_media_type(text: &str) -> bool {
    let token = |text: &str| {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty() && text.bytes().all(is_token)
    };
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

/// Parses the file name in `attachment; filename*=UTF-8''...` (RFC 8187).
pub(crate) fn file_name(disposition: &str) -> Option<String> {
    let (kind, parameters) = disposition.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("attachment") {
        return None;
    }
    let names = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("filename*").then_some(value.trim())
    });
    let values: Vec<_> = names.collect();
    let [value] = values[..] else { return None };
    let (charset, rest) = value.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~%".contains(&byte);
    let name = query::decode_segment(encoded).filter(|_| encoded.bytes().all(allowed))?;
    is_file_name(&name).then_some(name)
}

/// Returns true for a possible name of a file, which is never a path.
pub(crate) fn is_file_name(name: &str) -> bool {
    (1..=255).contains(&name.chars().count()) && !name.contains(['/', '\\', '\0'])
}

/// Parses a `Range` header for a file of this size. `None` if the header must be ignored.
pub(crate) fn range(value: &str, size: u64) -> Option<Result<Range<u64>, Unsatisfiable>> {
    let (unit, spec) = value.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = spec.trim().split_once('-')?;
    // Numbers that do not fit are larger than any file.
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    if first.is_empty() {
        let length = number(last)?;
        let satisfiable = length > 0 && size > 0;
        return Some(if satisfiable { Ok(size.saturating_sub(length)..size) } else { Err(Unsatisfiable) });
    }
    let end = match last {
        "" => size,
        last => {
            let end = number(last)?.saturating_add(1).min(size);
            if is_less(last, first) {
                return None;
            }
            end
        }
    };
    let first = number(first)?;
    Some(if first < size { Ok(first..end) } else { Err(Unsatisfiable) })
}

/// Compares decimal numbers of any length.
fn is_less(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|it| it.trim_start_matches('0'));
    (one.len(), one) < (other.len(), other)
}

/// The range starts after the end of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unsatisfiable;

/// Percent-encodes a value as in RFC 8187.
pub(crate) fn encode_rfc8187(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_name_is_decoded_and_never_a_path() {
        let name = |encoded| file_name(&format!("attachment; filename*=UTF-8''{encoded}"));
        assert_eq!(name("Dienstplan%20M%C3%A4rz.pdf").as_deref(), Some("Dienstplan März.pdf"));
        assert_eq!(name("..%2Fetc"), None);
        assert_eq!(name("a%5Cb"), None);
        assert_eq!(name(""), None);
        assert_eq!(name("%ff"), None);
        assert_eq!(name("two words"), None);
        assert_eq!(file_name("attachment; filename=\"x\""), None);
        assert_eq!(file_name("inline; filename*=UTF-8''x"), None);
        assert_eq!(file_name("attachment"), None);
    }

    #[test]
    fn only_a_single_valid_byte_range_is_honoured() {
        assert_eq!(range("bytes=2-4", 10), Some(Ok(2..5)));
        assert_eq!(range("bytes=2-", 10), Some(Ok(2..10)));
        assert_eq!(range("bytes=-3", 10), Some(Ok(7..10)));
        assert_eq!(range("bytes=-30", 10), Some(Ok(0..10)));
        assert_eq!(range("bytes=0-99", 10), Some(Ok(0..10)));
        assert_eq!(range("bytes=10-", 10), Some(Err(Unsatisfiable)));
        assert_eq!(range("bytes=-0", 10), Some(Err(Unsatisfiable)));
        assert_eq!(range("bytes=0-", 0), Some(Err(Unsatisfiable)));
        // Numbers may be arbitrarily large.
        let huge = "9".repeat(40);
        assert_eq!(range(&format!("bytes={huge}-"), 10), Some(Err(Unsatisfiable)));
        assert_eq!(range(&format!("bytes={huge}-{huge}0"), 10), Some(Err(Unsatisfiable)));
        assert_eq!(range(&format!("bytes={huge}0-{huge}"), 10), None);
        assert_eq!(range(&format!("bytes=4-{huge}"), 10), Some(Ok(4..10)));
        assert_eq!(range(&format!("bytes=-{huge}"), 10), Some(Ok(0..10)));
        assert_eq!(range("bytes=18446744073709551616-", 10), Some(Err(Unsatisfiable)));
        for ignored in ["bytes=4-2", "bytes=1-2,4-5", "items=1-2", "bytes", "bytes=-", "bytes=x-", "bytes=+1-2"] {
            assert_eq!(range(ignored, 10), None, "{ignored}");
        }
    }
}
