//! Bridge from the Alertmanager of Prometheus: posts its alerts, with a graph of those of the last day, reports who
//! reacts to them, and repeats an alert that has no reaction in time. It can be killed at any time: no alert is lost or
//! posted twice.
//!
//! ```text
//! ESCALATE_AFTER=300 STATE_FILE=alerts.json LISTEN=127.0.0.1:9099 \
//!     cargo run -p teamwire-blocking --example alertmanager
//! ```
//!
//! In the configuration of Alertmanager: `webhook_configs: [{ url: "http://127.0.0.1:9099/" }]`.

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

mod bridge;
mod graph;
#[path = "../support/http.rs"]
mod http;
mod state;
#[cfg(test)]
mod tests;
mod webhook;

use std::{env, error::Error, net::TcpListener, process, thread, time::Duration};

use teamwire_blocking::{NewChat, StateFile, config::RetryPolicy, serde_json};

use self::{
    bridge::Bridge,
    http::{Request, Response},
};

/// Alertmanager repeats a webhook that takes too long, or fails.
const PATIENCE: Duration = Duration::from_secs(8);

fn main() -> Result<(), Box<dyn Error>> {
    let var = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let escalate_after = Duration::from_secs(var("ESCALATE_AFTER", "300").parse()?);
    let client = teamwire_blocking::client_from_env()?;
    println!("I am {}.", client.check()?);
    let client = client.with_retry(RetryPolicy::within(PATIENCE));

    let people = client.contacts().users()?;
    let chat = client.chats().get_or_create(NewChat::titled("On call").users(&people))?;
    let bridge = Bridge::new(&client, &chat, StateFile::new(var("STATE_FILE", "alerts.json")), escalate_after)?;
    let listener = TcpListener::bind(var("LISTEN", "127.0.0.1:9099"))?;
    println!("Listening on http://{}/", listener.local_addr()?);

    thread::scope(|scope| {
        scope.spawn(|| {
            // It is retried until the server recovers, so this is the end: the key has been revoked, for instance.
            eprintln!("the feed has ended: {:?}", bridge.follow_reactions());
            process::exit(1);
        });
        http::serve(&listener, |request| respond(&bridge, request));
    });
    Ok(())
}

/// Alertmanager repeats its request later after a 503, but not after a 400.
fn respond(bridge: &Bridge, request: &Request) -> Response {
    let response = |status, text: &str| (status, "text/plain", text.to_owned());
    if !request.line.starts_with("POST ") {
        return response(405, "post a webhook of Alertmanager here");
    }
    match serde_json::from_slice(&request.body) {
        Ok(webhook) => match bridge.receive(webhook) {
            Ok(()) => response(200, "posted"),
            Err(error) => {
                eprintln!("cannot post yet: {error}");
                response(503, "not posted yet")
            }
        },
        Err(error) => response(400, &error.to_string()),
    }
}
