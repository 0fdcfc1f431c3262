//! Path segments and query parameters, which are percent-decoded once.

use super::problem::Problem;
use crate::world::ids::is_id;

/// A path segment after decoding; `None` if it is not percent-encoded UTF-8.
pub(crate) type Segment = Option<String>;

/// Splits a path at `/` before decoding the segments, so that no id can change the route.
pub(crate) fn segments(path: &str) -> Vec<Segment> {
    path.strip_prefix('/').unwrap_or(path).split('/').map(decode_segment).collect()
}

/// Decodes percent-encoded UTF-8.
pub(crate) fn decode_segment(raw: &str) -> Option<String> {
    decode(raw, false)
}

fn decode(raw: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? * 16 + hex(rest.next()?)?,
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The query parameters of a request. Unknown ones are ignored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, Option<String>)>,
}

impl Query {
    pub(crate) fn parse(raw: &str) -> Self {
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Some((decode(name, true)?, decode(value, true)))
        };
        Self { pairs: raw.split('&').filter(|part| !part.is_empty()).filter_map(pair).collect() }
    }

    /// Returns a parameter, which must not be repeated.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut found = self.pairs.iter().filter(|(it, _)| it == name);
        let Some((_, value)) = found.next() else { return Ok(None) };
        if found.next().is_some() {
            return Err(Problem::malformed(format!("Query parameter {name} must not be repeated.")));
        }
        match value {
            Some(value) => Ok(Some(value)),
            None => Err(Problem::malformed(format!("Query parameter {name} must be percent-encoded UTF-8."))),
        }
    }

    pub(crate) fn integer(&self, name: &str, limits: std::ops::RangeInclusive<u64>) -> Result<Option<u64>, Problem> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse().ok().filter(|number| digits && limits.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Problem::malformed(format!("Query parameter {name} must be an integer in {limits:?}."))),
        }
    }

    /// Returns a string parameter of a given length in characters, without U+0000.
    pub(crate) fn string(&self, name: &str, length: std::ops::RangeInclusive<usize>) -> Result<Option<&str>, Problem> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        if length.contains(&text.chars().count()) && !text.contains('\0') {
            Ok(Some(text))
        } else {
            Err(Problem::malformed(format!(
                "Query parameter {name} must be a string of {length:?} characters without U+0000."
            )))
        }
    }

    pub(crate) fn id(&self, name: &str) -> Result<Option<&str>, Problem> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        if is_id(text) {
            Ok(Some(text))
        } else {
            Err(Problem::malformed(format!("Query parameter {name} must be an id.")))
        }
    }

    pub(crate) fn cursor(&self) -> Result<Option<&str>, Problem> {
        let Some(text) = self.get("cursor")? else { return Ok(None) };
        if (1..=1024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Some(text))
        } else {
            Err(Problem::malformed("Query parameter cursor must be 1 to 1024 visible ASCII characters."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_is_decoded_once_and_never_split_again() {
        let found = segments("/v1/a%2Fb/%252e/%zz/%ff/..");
        let found: Vec<_> = found.iter().map(Option::as_deref).collect();
        assert_eq!(found, [Some("v1"), Some("a/b"), Some("%2e"), None, None, Some("..")]);
    }

    #[test]
    fn parameter_is_unique_and_within_limits() {
        let query = Query::parse("limit=5&title=a+b%26&x=1&x=2&wait=+3");
        assert_eq!(query.integer("limit", 1..=100), Ok(Some(5)));
        assert!(query.integer("limit", 6..=100).is_err());
        assert_eq!(query.get("title"), Ok(Some("a b&")));
        assert!(query.get("x").is_err());
        assert!(query.integer("wait", 0..=25).is_err());
        assert_eq!(query.get("nothing"), Ok(None));
    }
}
