//! Idempotency keys of callers, and those derived from them.

use alloc::{format, string::String};

use crate::{error::Error, protocol::FileKey};

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
    format!("{DERIVED_PREFIX}{:032x}:{}", fnv1a(key.request.as_bytes()), key.position)
}

/// Returns the 128-bit FNV-1a hash. It need not resist attacks: keys are chosen by the bot itself, and servers keep
/// the keys of different App IDs apart.
fn fnv1a(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_matches_published_values() {
        assert_eq!(fnv1a(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv1a(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(fnv1a(b"foobar"), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }

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
