//! How to bring your own HTTP: an executor on nothing but `std::net`, and a bot that does not notice.
//!
//! The core performs nothing. It says what to do next, and an executor does it: that is `executor.rs`, in less than
//! 80 lines of code. What it is told to send, `http.rs` sends by hand, and `files.rs` does what there is to do with files.
//!
//! ```text
//! TEAMWIRE_URL=http://localhost:8080 TEAMWIRE_APP_ID=… TEAMWIRE_SECRET=… \
//!     cargo run -p teamwire-async-std --example write_your_own_executor
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

#[path = "write_your_own_executor/executor.rs"]
mod executor;

use std::env;

use teamwire_core::{
    Client, Config, Error, Script,
    executor::Executor,
    script::{Expect, Respond, sample},
};

use self::executor::Plain;

/// A bot for any executor whose operations answer with a result.
fn introduce<X>(client: &Client<X>) -> Result<(), Error>
where
    X: for<'a> Executor<Run<'a, teamwire_core::User> = Result<teamwire_core::User, Error>>,
{
    let me = client.contacts().me()?;
    println!("I am {} {}", me.first_name, me.last_name);
    Ok(())
}

fn main() -> Result<(), Error> {
    match Config::from_vars(|name| env::var(name).ok()) {
        Ok(config) => introduce(&Client::new(Plain::new(config))),
        // Without a backend, a script plays its part. It is an executor as well.
        Err(_) => {
            introduce(&Client::new(Script::new().always(Expect::get("/v1/me"), Respond::json(200, sample::bot()))))
        }
    }
}
