//! An executor of your own, on `std::net` alone, with a bot that runs on it.
//!
//! The core performs no I/O. It returns steps, which an executor performs: that is `executor.rs`, in less than 80 lines
//! of code. `http.rs` performs requests, and `files.rs` file tasks.
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
    script::v1::{expect, respond, sample},
};

use self::executor::Plain;

/// A bot for any executor whose operations return a `Result`.
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
        // A script replaces the backend. It is an executor as well.
        Err(_) => introduce(&Client::new(Script::new().always(expect::me(), respond::user(sample::bot())))),
    }
}
