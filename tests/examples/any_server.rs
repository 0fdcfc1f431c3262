//! Performs every operation and follows every feed with both adapters, on any server of the wire contract.
//!
//! ```sh
//! cargo run -p teamwire-tests --example any_server -- http://127.0.0.1:4010
//! ```
//!
//! Prints a line for each, and fails if one fails. `tests/contract/mock/run` runs it on a static mock of the document,
//! which accepts any login and returns the examples.

#![allow(clippy::print_stdout, reason = "the program prints a table")]

use std::{process::ExitCode, thread, time::Duration};

use teamwire_core::{Config, Credentials, Error, ErrorKind, FeedEvent, config::RetryPolicy};
use teamwire_tests::{
    harness::{AsyncStd, Blocking, Harness, Smol, Wait},
    operations::{Bot, Operation, Subscription, TID, alert, reaction},
};

/// Time for which each feed is followed.
const FOLLOWED: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: any_server URL");
        return ExitCode::FAILURE;
    };
    let failures = [failures::<Blocking>(&url), failures::<AsyncStd>(&url), failures::<Smol>(&url)];
    if failures == [0; 3] { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the number of operations and feeds that fail.
fn failures<H: Harness>(url: &str) -> usize {
    let results = Operation::ALL.iter().map(|operation| (operation.name(), performed::<H>(url, *operation)));
    let feeds = Subscription::ALL.iter().map(|feed| (feed.name(), followed::<H>(url, *feed)));
    let failed = results.chain(feeds).filter(|(name, result)| {
        match result {
            Ok(()) => println!("{:10} {name}: ok", H::NAME),
            Err(error) => println!("{:10} {name}: {error}", H::NAME),
        }
        result.is_err()
    });
    failed.count()
}

fn config(url: &str) -> Result<Config, Error> {
    Ok(Config::new(url, Credentials::new("any-app", "any secret")?)?.with_retry(RetryPolicy::NEVER))
}

fn performed<H: Harness>(url: &str, operation: Operation) -> Result<(), Error> {
    let client = H::connect(config(url)?);
    let chat = H::wait(client.chats().chat(TID).get())?;
    let mut bot = Bot { client, chat, alert: alert().clone(), reaction: reaction().clone() };
    match operation.run(&mut bot, Wait::<H>::default()) {
        // A mock has no JPEG: the example in the document is the base64 of one.
        Err(error) if operation == Operation::LoadAvatar && error.kind() == ErrorKind::UnexpectedResponse => Ok(()),
        result => result.map(drop),
    }
}

/// Follows a feed for some time: its start and a few polls.
fn followed<H: Harness>(url: &str, feed: Subscription) -> Result<(), Error> {
    let client = H::connect(config(url)?);
    let mut probe = feed.follow::<H>(&client, None);
    let stop = probe.stopper().expect("the feeds of both adapters have a stop handle");
    thread::spawn(move || {
        thread::sleep(FOLLOWED);
        stop();
    });
    let mut has_started = false;
    while let Some(event) = probe.event() {
        match event? {
            FeedEvent::Retrying(failure) => return Err(failure.error),
            event => has_started |= matches!(event, FeedEvent::Started(_)),
        }
    }
    assert!(has_started, "{} has not started within {FOLLOWED:?}", feed.name());
    Ok(())
}
