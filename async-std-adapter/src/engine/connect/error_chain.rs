use std::{error::Error as _, io};

/// Returns the text of an error and its sources, which some runtimes leave out of their own texts.
pub(super) fn text(error: &io::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
