//! Names of fleets, feeds and members as names of folders.

use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Maximum length of a part of a long name. File systems allow 255 bytes.
const MAX_PART: usize = 100;

/// The characters that are encoded. Upper-case letters are, because some file systems do not distinguish them.
const ENCODED: &AsciiSet = &with_upper_case(NON_ALPHANUMERIC.remove(b'-').remove(b'_'));

const fn with_upper_case(mut set: AsciiSet) -> AsciiSet {
    let mut letter = b'A';
    while letter <= b'Z' {
        set = set.add(letter);
        letter += 1;
    }
    set
}

/// Returns the name of a folder for a short name. It starts with `=`, as some names are reserved on Windows.
pub(super) fn component(name: &str) -> String {
    format!("={}", utf8_percent_encode(name, ENCODED))
}

/// Returns the path of a folder for a name of any length. The folders of the first parts of a long one start with `+`.
pub(super) fn path(name: &str) -> PathBuf {
    let encoded = utf8_percent_encode(name, ENCODED).to_string();
    let (mut path, mut rest) = (PathBuf::new(), &*encoded);
    while rest.len() > MAX_PART {
        let (part, more) = rest.split_at(MAX_PART);
        path.push(format!("+{part}"));
        rest = more;
    }
    path.join(format!("={rest}"))
}

/// Returns the name whose [`component`] this is.
pub(super) fn decode(component: &str) -> Option<String> {
    let encoded = component.strip_prefix('=')?;
    Some(percent_decode_str(encoded).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_and_distinct_on_every_file_system() {
        for (name, expected) in [
            ("all_messages", "=all_messages"),
            ("messages c1", "=messages%20c1"),
            ("C1", "=%431"),
            ("..", "=%2E%2E"),
            ("", "="),
            ("a/b\\c", "=a%2Fb%5Cc"),
        ] {
            assert_eq!(component(name), expected);
            assert_eq!(path(name), PathBuf::from(expected));
            assert_eq!(decode(expected).as_deref(), Some(name));
        }
        assert_eq!(decode("lost+found"), None);
    }

    #[test]
    fn long_names_have_a_path_of_short_parts() {
        let (one, other) = (path(&"x".repeat(100)), path(&"x".repeat(250)));
        assert_eq!((one.components().count(), other.components().count()), (1, 3));
        assert!(other.components().all(|part| part.as_os_str().len() <= MAX_PART + 1));
        assert!(!other.starts_with(one));
    }
}
