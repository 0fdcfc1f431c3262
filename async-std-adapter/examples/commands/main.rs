//! Bot on smol that responds to commands in all of its chats at once: `!help`, `!poll`, `!where` and `!file`. Ctrl-C
//! stops it gracefully: the commands it has received are still handled, and the next process resumes after them. A
//! second one stops it at once.
//!
//! ```text
//! STATE_FILE=commands.json cargo run -p teamwire-async-std --example commands
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

mod bot;
#[cfg(test)]
mod tests;

use std::{env, error::Error, future, time::Duration};

use async_signal::{Signal, Signals};
use futures_util::StreamExt;
use teamwire_async_std::{StateFile, StopHandle, smol::client_from_env};

use self::bot::Bot;

/// Time to handle the received commands after the first signal. The next process handles the rest.
const GRACE: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::var("STATE_FILE").unwrap_or_else(|_| "commands.json".to_owned());
    let (file, stop) = (StateFile::new(path), StopHandle::new());
    let client = client_from_env()?;
    // Windows has no SIGTERM.
    let signals = if cfg!(unix) { &[Signal::Int, Signal::Term][..] } else { &[Signal::Int] };
    let mut signals = Signals::new(signals.iter().copied())?;

    smol::block_on(async {
        println!("I am {}.", client.check().await?);
        let bot = Bot::new(client.stopped_by(&stop), file);
        let stopping = async {
            signals.next().await;
            println!("Stopping.");
            // The bot ends once it has handled what it has received.
            stop.stop_within(GRACE);
            signals.next().await;
            stop.stop();
            future::pending().await
        };
        // The next process handles what the grace period was too short for.
        Ok(smol::future::or(bot.run(), stopping).await.or_else(teamwire_async_std::Error::unless_cancelled)?)
    })
}
