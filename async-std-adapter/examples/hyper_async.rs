//! A bot whose requests are carried by another HTTP stack: hyper, on smol.
//!
//! ```text
//! TEAMWIRE_URL=http://localhost:8080 TEAMWIRE_APP_ID=… TEAMWIRE_SECRET=… \
//!     cargo run -p teamwire-async-std --example hyper_async
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

#[path = "hyper_async/transport.rs"]
mod transport;

use std::env;

use teamwire_async_std::{
    AsyncExecutor, Config, Error,
    smol::{Client, Smol},
};

use self::transport::Hyper;

fn main() -> Result<(), Error> {
    let config = Config::from_vars(|name| env::var(name).ok())?;
    let client = Client::new(AsyncExecutor::with_transport(Smol, config, Hyper::new(Smol))?);
    smol::block_on(async {
        println!("I am {}", client.contacts().me().await?.first_name);
        Ok(())
    })
}
