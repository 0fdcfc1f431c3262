//! The bot that all targets use.

use chrono::DateTime;
use teamwire_core::{
    Credentials, Error,
    effect::{Moment, Now},
};

const APP_ID: &str = "the app id of the bot";
const SECRET: &str = "the secret of the bot";

/// The credentials of the bot.
pub fn credentials() -> Credentials {
    Credentials::new(APP_ID, SECRET).expect("they have no control characters")
}

/// The start time of machines that are driven manually.
pub fn now() -> Now {
    Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH)
}

/// Formats an error, and asserts that it contains no credentials.
pub fn assert_no_credentials(error: &Error) {
    let printed = format!("{error:#}\n{error:#?}");
    assert!(!printed.contains(SECRET) && !printed.contains(APP_ID), "an error contains credentials: {printed}");
}
