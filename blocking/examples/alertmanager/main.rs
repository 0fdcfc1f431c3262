//! Bridge from the Alertmanager of Prometheus: posts its alerts, with a graph of those of the last day, reports who
//! reacts to them, and repeats an alert that has no reaction in time. It can be killed at any time: no alert is lost or
//! posted twice.
//!
//! ```text
//! ESCALATE_AFTER=300 STATE=. LISTEN=127.0.0.1:9099 cargo run -p teamwire-blocking --example alertmanager
//! ```
//!
//! In the configuration of Alertmanager: `webhook_configs: [{ url: "http://127.0.0.1:9099/" }]`.

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

mod bridge;
mod graph;
#[path = "../support/http.rs"]
mod http;
#[cfg(test)]
mod tests;
mod webhook;

use std::{env, error::Error, net::TcpListener, path::PathBuf, sync::Arc, thread, time::Duration};

use teamwire_blocking::{NewChat, Outbox, StopHandle, serde_json};

use self::bridge::Bridge;

/// Time to complete a post after a signal. The next process does the rest.
const GRACE: Duration = Duration::from_secs(10);
/// Longer than the pause between two repetitions of an alert: the `repeat_interval` of Alertmanager.
const RETENTION: Duration = Duration::from_secs(2 * 24 * 3_600);

fn main() -> Result<(), Box<dyn Error>> {
    let var = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let escalate_after = Duration::from_secs(var("ESCALATE_AFTER", "300").parse()?);
    let listener = TcpListener::bind(var("LISTEN", "127.0.0.1:9099"))?;
    println!("Listening on http://{}/", listener.local_addr()?);
    let stop = StopHandle::new();
    ctrlc::set_handler(stop.signal_handler(GRACE))?;
    let client = teamwire_blocking::client_from_env()?.stopped_by(&stop);
    println!("I am {}.", client.check()?);
    let people = client.contacts().users()?;
    let chat = client.chats().get_or_create(NewChat::titled("On call").users(&people))?.tid().clone();

    let outbox = Outbox::open(PathBuf::from(var("STATE", ".")).join("outbox.json"))?.with_retention(RETENTION);
    let bridge = Arc::new(Bridge { client, chat, outbox, escalate_after });
    let receiver = Arc::clone(&bridge);
    thread::spawn(move || http::serve(&listener, |request| respond(&receiver, request)));
    // An outage does not end it, but a revoked key does, for instance.
    Ok(bridge.run()?)
}

/// Confirms a webhook once it is saved. Alertmanager repeats its request later after a 503, but not after a 400.
fn respond(bridge: &Bridge, request: &http::Request) -> http::Response {
    let response = |status, text: &str| (status, "text/plain", text.to_owned());
    if !request.line.starts_with("POST ") {
        return response(405, "post a webhook of Alertmanager here");
    }
    match serde_json::from_slice(&request.body).map(|webhook| bridge.receive(&webhook)) {
        Ok(Ok(())) => response(200, "saved"),
        Ok(Err(error)) => {
            eprintln!("cannot save an alert: {error}");
            response(503, "not saved yet")
        }
        Err(error) => response(400, &error.to_string()),
    }
}
