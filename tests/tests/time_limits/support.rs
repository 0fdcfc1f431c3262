//! Clients of scripts, and what they send.

use std::time::Duration;

use teamwire_core::{
    Client, Error, Message, Script,
    effect::Moment,
    script::v1::{expect, respond, sample},
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Returns a script that responds to every post in this way.
pub(crate) fn always(respond: teamwire_core::script::Respond) -> Script {
    Script::new().always(expect::post("c1"), respond)
}

pub(crate) fn posted() -> teamwire_core::script::Respond {
    respond::message(sample::message("m1", "c1", "hello"))
}

pub(crate) fn post(client: &Client<Script>) -> Result<Message, Error> {
    client.chats().chat("c1").post("hello")
}

/// The time that has passed in the script.
pub(crate) fn elapsed(script: &Script) -> Duration {
    Client::new(script.clone()).now().moment.saturating_duration_since(Moment::EPOCH)
}
