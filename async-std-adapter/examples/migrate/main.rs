//! A bot of the Python SDK, `bot.py`, beside its translation, `bot.rs`: posts an alert, informs the managers if there
//! is no reaction in time, and closes the chat otherwise.
//!
//! ```text
//! TIMEOUT=600 cargo run -p teamwire-async-std --example migrate -- "Incident 42" "Managers" "Pump 3 is down"
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

mod bot;
#[cfg(test)]
mod tests;

use std::{env, error::Error, time::Duration};

use teamwire_async_std::smol::client_from_env;

fn main() -> Result<(), Box<dyn Error>> {
    let [title, managers, text] = env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| USAGE)?;
    let timeout = Duration::from_secs(env::var("TIMEOUT").as_deref().unwrap_or("600").parse()?);
    // Reads TEAMWIRE_URL, TEAMWIRE_APP_ID and TEAMWIRE_SECRET. In Python, this is the connection.
    let client = client_from_env()?;
    smol::block_on(async {
        println!("I am {}.", client.check().await?);
        let is_found = bot::run(&client, &title, &managers, &text, timeout).await?;
        if is_found { Ok(()) } else { Err("there is no such chat".into()) }
    })
}

const USAGE: &str = "usage: migrate CHAT_TITLE MANAGERS_TITLE TEXT";
