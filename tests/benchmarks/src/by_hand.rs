//! A client whose operations a benchmark drives by hand, on a virtual clock.

use std::time::Duration;

use teamwire_core::{
    Client, Config, Credentials,
    chrono::DateTime,
    effect::{Moment, Now},
    executor::Manual,
};

/// Returns the time at this number of seconds.
pub fn at(seconds: u64) -> Now {
    Now::new(Moment::from_epoch(Duration::from_secs(seconds)), DateTime::UNIX_EPOCH)
}

/// Creates a client.
///
/// # Panics
/// Never, because its settings are valid.
pub fn client() -> Client<Manual> {
    let credentials = Credentials::new("app", "secret").expect("the credentials are valid");
    let config = Config::new("https://teamwire.example", credentials).expect("the URL is valid");
    Client::new(Manual::new(config, [7; 32], at(0)))
}
