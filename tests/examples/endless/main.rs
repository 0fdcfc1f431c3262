//! Endless responses: with every adapter, each call ends within its timeout plus 100 ms.
//!
//! ```sh
//! cargo run --release -p teamwire-tests --example endless
//! ```
//!
//! Prints the duration and the result of a call for each form of response, and fails if one takes longer.

#![allow(clippy::print_stdout, reason = "the program prints a table")]

mod server;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use teamwire_core::{
    Client, Config, Credentials, Draft, Error,
    config::{RetryPolicy, Timeouts},
    model::{NewAttachment, Upload},
};
use teamwire_tests::harness::{AsyncStd, Blocking, Harness, Smol};

use self::server::{Form, Server};

/// Timeout of every class of request.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Time that a call may exceed its timeout by.
const ALLOWANCE: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    println!("{:40} {:12} {:>9}  outcome", "form of the response", "adapter", "ms");
    let mut all_in_time = true;
    for form in Form::all() {
        all_in_time &= print_row::<Blocking>(form);
        all_in_time &= print_row::<AsyncStd>(form);
        all_in_time &= print_row::<Smol>(form);
    }
    if all_in_time { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Makes a call with this form of response, and prints the result. Returns true if it has ended in time.
fn print_row<H: Harness>(form: Form) -> bool {
    let server = Server::start(form);
    let client = H::connect(config(&server));
    let started = Instant::now();
    let outcome = call::<H>(&client, form);
    let elapsed = started.elapsed();
    let is_late = elapsed > limit(form) + ALLOWANCE;
    let outcome = outcome.map_or_else(|error| error.to_string(), |()| "succeeded".to_owned());
    let mark = if is_late { "LATE " } else { "" };
    println!("{:40} {:12} {:9}  {mark}{outcome:.90}", form.name(), H::NAME, elapsed.as_millis());
    !is_late
}

/// Returns the timeout of a call. An idle timeout starts with the last transferred byte. Those in the operating
/// system's buffers are checked four times per timeout.
const fn limit(form: Form) -> Duration {
    match form {
        Form::Unread => Duration::from_millis(1_250),
        _ => TIMEOUT,
    }
}

fn config(server: &Server) -> Config {
    let credentials = Credentials::new("app", "the secret of the bot").expect("the credentials are valid");
    let timeouts = Timeouts { request: TIMEOUT, listing: TIMEOUT, transfer_idle: TIMEOUT };
    let config = Config::new(&server.url(), credentials).expect("plain HTTP is allowed on loopback");
    config.with_timeouts(timeouts).with_retry(RetryPolicy::NEVER)
}

fn call<H: Harness>(client: &Client<H::X>, form: Form) -> Result<(), Error> {
    match form {
        Form::Unread => {
            let file = Upload::from_bytes("large.bin", vec![0; 32 << 20]);
            let draft = Draft::text("with a file").attach(NewAttachment::file(file));
            H::wait(client.chats().chat("c1").post(draft)).map(drop)
        }
        _ => H::wait(client.contacts().me()).map(drop),
    }
}
