//! Bot that responds to `ping`, to be started several times on a machine: one process follows the messages, and another
//! takes over if it ends. Ctrl-C and SIGTERM stop a process gracefully: it handles what it has begun, and another
//! continues at once.
//!
//! ```text
//! FLEET_FOLDER=fleet cargo run -p teamwire-blocking --example replica -- --begin     # the first time
//! FLEET_FOLDER=fleet cargo run -p teamwire-blocking --example replica                # each other process
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::{env, error::Error as StdError};

use teamwire_blocking::{
    Client, Draft, Error, Message, StopHandle,
    effect::Now,
    fleet::{FileStore, Fleet, FleetEvent},
    observe::{ClaimState, Observation},
};

fn main() -> Result<(), Box<dyn StdError>> {
    let folder = env::var("FLEET_FOLDER").unwrap_or_else(|_| "fleet".to_owned());
    let begins = env::args().any(|argument| argument == "--begin");
    let client = teamwire_blocking::client(teamwire_blocking::config_from_env()?.with_observer(print_claims))?;
    let stop = StopHandle::new();
    let on_signal = stop.clone();
    ctrlc::set_handler(move || on_signal.stop())?;
    let fleet = Fleet::join("ping-bot", FileStore::open(folder)?)?;
    println!("Waiting for the messages.");
    serve(&client, &fleet, &stop, begins)?;
    println!("Stopped.");
    Ok(())
}

/// Prints the changes of the claim, for a log or a health check.
fn print_claims(_: Now, observation: &Observation<'_>) {
    match observation {
        Observation::Claim { state: ClaimState::Held { .. }, .. } => println!("Following the messages."),
        Observation::Claim { state, .. } => println!("{state:?}"),
        _ => {}
    }
}

/// Handles messages until it is stopped.
fn serve(client: &Client, fleet: &Fleet, stop: &StopHandle, begins: bool) -> Result<(), Error> {
    // `client` itself is not stopped, so that handlers finish what they do.
    let messages = client.stopped_by(stop).chats().new_messages(None);
    let followed = if begins { fleet.follow_or_begin(messages) } else { fleet.follow(messages) };
    followed.on_failure(|error| println!("{error}")).for_each(|event| pong(client, &event))
}

fn pong(client: &Client, event: &FleetEvent<Message>) -> Result<(), Error> {
    let Some(message) = event.item().filter(|message| message.text.as_deref() == Some("ping")) else { return Ok(()) };
    // If this process is killed before the event is saved, another one posts with the same key: there is one reply.
    let reply = Draft::text("pong").reply_to(&message.mid).idempotency_key(event.key("pong"));
    client.chats().chat(&message.tid).post(reply).map(drop)
}

#[cfg(test)]
mod tests {
    use teamwire_blocking::{
        Script,
        fleet::MemoryStore,
        script::v1::{expect, respond, sample},
        scripted,
    };

    use super::*;

    #[test]
    fn ping_has_one_reply_and_the_next_process_resumes_behind_it() {
        let ping = respond::message_updates([sample::message("m1", "c1", "ping")], "k1");
        let script = Script::new()
            .on(expect::all_message_updates(), [respond::no_updates("k0"), ping])
            .on(expect::post("c1"), [respond::message(sample::message("m2", "c1", "pong"))]);
        let store = MemoryStore::new();
        let fleet = Fleet::join("ping-bot", store.clone()).expect("it can join");
        serve(&scripted(&script), &fleet, &StopHandle::new(), true).expect("it ends with the script");
        script.assert_done();
        drop(fleet);

        let script = Script::new().then(
            expect::all_message_updates().cursor("k1"),
            respond::message_updates([sample::message("m3", "c1", "hello")], "k2"),
        );
        let fleet = Fleet::join("ping-bot", store).expect("it can join");
        serve(&scripted(&script), &fleet, &StopHandle::new(), false).expect("it ends with the script");
        script.assert_done();
    }

    #[test]
    fn store_without_a_checkpoint_is_an_error_unless_a_beginning_is_requested() {
        let fleet = Fleet::join("ping-bot", MemoryStore::new()).expect("it can join");
        let error = serve(&scripted(&Script::new()), &fleet, &StopHandle::new(), false).expect_err("it is empty");
        assert_eq!(error.kind(), teamwire_blocking::ErrorKind::Store);
    }
}
