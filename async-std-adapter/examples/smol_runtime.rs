//! A bot on smol, without async-std, that posts a greeting.
//!
//! ```text
//! cargo run -p teamwire-async-std --example smol_runtime                 # on a script
//! TEAMWIRE_URL=… TEAMWIRE_APP_ID=… TEAMWIRE_SECRET=… cargo run -p teamwire-async-std --example smol_runtime -- CHAT_ID
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

#[path = "smol_runtime/runtime.rs"]
mod runtime;

use std::env;

use teamwire_async_std::{
    Client, Config, Error, Script, client_on,
    script::v1::{expect, respond, sample},
    scripted_on,
};

use self::runtime::Smol;

/// The bot, which depends on the runtime only by its type.
async fn hello(client: &Client<Smol>, chat: &str) -> Result<(), Error> {
    let me = client.contacts().me().await?;
    let message = client.chats().chat(chat).post(format!("Hello, I am {}.", me.first_name)).await?;
    println!("posted {}: {}", message.mid, message.text.unwrap_or_default());
    Ok(())
}

fn main() -> Result<(), Error> {
    let client = match Config::from_vars(|name| env::var(name).ok()) {
        Ok(config) => client_on(Smol, config)?,
        // A script replaces the backend.
        Err(_) => scripted_on(&a_script()),
    };
    let chat = env::args().nth(1).unwrap_or_else(|| "c1".to_owned());
    smol::block_on(hello(&client, &chat))
}

fn a_script() -> Script {
    Script::new()
        .always(expect::me(), respond::user(sample::bot()))
        .always(expect::post("c1"), respond::message(sample::message("m1", "c1", "Hello!")))
}
