//! Idempotency keys of callers, and those derived from them.

use alloc::{format, string::String};

use crate::{error::Error, hash::Fnv128, protocol::FileKey};

/// Maximum length of an idempotency key, in bytes.
const MAX_KEY_BYTES: usize = 128;
/// Prefix of derived keys. It is rejected in a caller's key, so no such key equals a derived one.
const DERIVED_PREFIX: &str = "teamwire-file:";

/// Returns a copy of the caller's key, if it is valid.
pub(super) fn checked(key: Option<&String>) -> Result<Option<String>, Error> {
    key.map(|key| check(key).map(|()| key.clone())).transpose()
}

/// Validates a caller's key.
fn check(key: &str) -> Result<(), Error> {
    let invalid = |reason| Err(Error::invalid("idempotency key", reason));
    if !(1..=MAX_KEY_BYTES).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return invalid(format!("must be 1 to {MAX_KEY_BYTES} printable ASCII characters without spaces"));
    }
    if key.starts_with(DERIVED_PREFIX) {
        return invalid(format!("keys that start with {DERIVED_PREFIX:?} are reserved for the files of messages"));
    }
    Ok(())
}

/// Derives the key for storing a file. It has a fixed length.
pub(super) fn for_file(key: FileKey<'_>) -> String {
    let mut hash = Fnv128::new();
    hash.write(key.request.as_bytes());
    format!("{DERIVED_PREFIX}{:032x}:{}", hash.value(), key.position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_keys_are_short_distinct_and_reserved() {
        let longest = "k".repeat(MAX_KEY_BYTES);
        let keys = [(longest.as_str(), 1), (&longest, usize::MAX), ("alarm-7", 1), ("alarm-7/1", 1)]
            .map(|(key, position)| for_file(FileKey::new(key, position)));
        for (at, key) in keys.iter().enumerate() {
            assert!(key.len() <= MAX_KEY_BYTES && key.bytes().all(|byte| byte.is_ascii_graphic()), "{key}");
            assert!(check(key).is_err());
            assert!(!keys[..at].contains(key), "{key}");
        }
        assert!(check(&longest).is_ok());
    }
}
