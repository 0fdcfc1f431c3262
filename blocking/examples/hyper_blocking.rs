//! A bot whose requests are carried by another HTTP stack: hyper.
//!
//! ```text
//! TEAMWIRE_URL=http://localhost:8080 TEAMWIRE_APP_ID=… TEAMWIRE_SECRET=… \
//!     cargo run -p teamwire-blocking --example hyper_blocking
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

#[path = "hyper_blocking/transport.rs"]
mod transport;

use std::env;

use teamwire_blocking::{BlockingExecutor, Client, Config, Error};

use self::transport::Hyper;

fn main() -> Result<(), Error> {
    let config = Config::from_vars(|name| env::var(name).ok())?;
    let client = Client::new(BlockingExecutor::with_transport(config, Hyper::default())?);
    println!("I am {}", client.contacts().me()?.first_name);
    Ok(())
}
