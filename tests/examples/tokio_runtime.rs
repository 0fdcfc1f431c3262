//! A bot on tokio, that says who it is.
//!
//! The file `tokio_runtime/runtime.rs` is all that such a program needs: copy it. The adapter itself does not depend on
//! tokio.
//!
//! ```text
//! TEAMWIRE_URL=http://localhost:8080 TEAMWIRE_APP_ID=… TEAMWIRE_SECRET=… \
//!     cargo run -p teamwire-tests --example tokio_runtime
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

#[path = "tokio_runtime/runtime.rs"]
mod runtime;

use teamwire_async_std::{Client, Error, client_on, config_from_env};

use self::runtime::Tokio;

async fn hello(client: &Client<Tokio>) -> Result<(), Error> {
    println!("I am {}", client.contacts().me().await?.first_name);
    Ok(())
}

// `#[tokio::main]`, without its macro.
fn main() -> Result<(), Error> {
    let client = client_on(Tokio, config_from_env()?)?;
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    tokio.expect("the system has room for the threads").block_on(hello(&client))
}
