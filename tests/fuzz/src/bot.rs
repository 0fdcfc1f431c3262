//! The bot on whose behalf the targets send requests.

use chrono::DateTime;
use teamwire_core::{Credentials, Error, Moment, Now};

const APP_ID: &str = "the app id of the bot";
const SECRET: &str = "the secret of the bot";

/// The credentials of the bot.
pub fn credentials() -> Credentials {
    Credentials::new(APP_ID, SECRET).expect("they have no control character")
}

/// The time at which a machine that is driven by hand begins.
pub fn now() -> Now {
    Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH)
}

/// Checks that an error can be printed, and has no credentials in it.
pub fn assert_no_credentials(error: &Error) {
    let printed = format!("{error}\n{error:?}");
    assert!(!printed.contains(SECRET) && !printed.contains(APP_ID), "an error has the credentials: {printed}");
}
