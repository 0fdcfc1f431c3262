//! A bot that makes a row of each message, exactly once: the row and the checkpoint are committed together.
//!
//! It is started with the variables of any bot (`TEAMWIRE_URL`, ...), and with `DATABASE`, such as
//! `host=/run/postgresql user=bots dbname=bots`.

use std::{env, process, time::Duration};

use teamwire_blocking::{
    Message,
    fleet::{Fleet, FleetEvent, Saved},
};
use teamwire_postgres_example::{Failure, PostgresStore, connect, save};

const FLEET: &str = "tickets";

fn main() -> Result<(), Failure> {
    let config: postgres::Config = env::var("DATABASE")?.parse()?;
    let client = teamwire_blocking::client_from_env()?;
    let mut rows = connect(&config)?;
    let fleet = Fleet::builder(FLEET).lease(Duration::from_secs(1)).join(PostgresStore::new(config))?;
    for event in fleet.follow_or_begin(client.chats().new_messages(None)) {
        let event = event?;
        let Some(to_save) = event.to_save() else {
            // Nothing to save: a failure of a request. Or the claim is lost; then the event comes to another replica.
            continue;
        };
        let mut transaction = rows.transaction()?;
        if let Some(text) = text(&event) {
            transaction.execute("INSERT INTO tickets (text) VALUES ($1)", &[&text])?;
        }
        let saved = save(&mut transaction, FLEET, &[to_save])?;
        dies_at("before the commit", &event);
        if saved == [Saved::Lost] {
            // Dropping the transaction rolls it back, and dropping the event leaves it to the next replica.
            continue;
        }
        transaction.commit()?;
        dies_at("after the commit", &event);
        event.saved_by_me();
    }
    Ok(())
}

fn text(event: &FleetEvent<Message>) -> Option<&str> {
    event.item()?.text.as_deref()
}

/// Dies like a process that is killed, if the message asks for it: for the test.
fn dies_at(place: &str, event: &FleetEvent<Message>) {
    if event.tries() == 1 && text(event).is_some_and(|text| text.contains(place)) {
        process::abort();
    }
}
