//! The model, seen from another crate: what operations return can be built, and what they take can be read, as a
//! protocol of another crate does.

mod attachments;
mod foreign;
mod names;
mod received;
mod round_trips;
mod saved;
mod sent;
mod values;

use chrono::{DateTime, Utc};
use serde_json::Value;
use teamwire_core::{
    Client, Script, User,
    script::{Expect, Respond},
};

/// Returns a client that receives this JSON from each GET of the path.
fn client(path: &str, json: Value) -> Client<Script> {
    Client::new(Script::new().always(Expect::get(path), Respond::json(200, json)))
}

/// Returns the user of [`sample::user`](teamwire_core::script::sample::user).
fn anna() -> User {
    let mut anna = User::new("u-anna", "Anna", "Berg");
    anna.organisation = "Example Org".into();
    anna
}

/// Returns the user of [`sample::bot`](teamwire_core::script::sample::bot).
fn bot() -> User {
    let mut bot = User::new("u-bot", "Example", "Bot");
    bot.organisation = "Example Org".into();
    bot.is_bot = true;
    bot
}

/// Returns the time of the samples, 2026-01-01 00:00 UTC.
fn new_year() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).expect("the year 2026 is in range")
}
