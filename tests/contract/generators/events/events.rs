//! Decodes one batch of each feed with the generated types.

use openapi::models::{
    LiveLocationUpdate, LocationUpdates, Message, MessageUpdates, Reaction, ReactionUpdates,
};
use serde::de::DeserializeOwned;

fn read<T: DeserializeOwned>(kind: &str) -> T {
    let folder = std::env::var("EVENTS").expect("the script sets EVENTS");
    let text = std::fs::read_to_string(format!("{folder}/{kind}.json")).expect("there is a file of each kind");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{kind}: {error}"))
}

/// Decodes the data of an event as the type for its kind.
fn data<T: DeserializeOwned>(data: &Option<serde_json::Value>) -> T {
    serde_json::from_value(data.clone().expect("the event has data")).expect("the data has the type for its kind")
}

fn main() {
    let messages: MessageUpdates = read("message");
    assert_eq!(messages.items[0].kind, "message");
    assert_eq!(data::<Message>(&messages.items[0].data).msg.as_deref(), Some("Hello"));
    let reactions: ReactionUpdates = read("reaction");
    assert_eq!(reactions.items[0].kind, "reaction");
    assert_eq!(data::<Reaction>(&reactions.items[0].data).reaction_type, "ok");
    let locations: LocationUpdates = read("location");
    assert_eq!(locations.items[0].kind, "location");
    assert_eq!(data::<LiveLocationUpdate>(&locations.items[0].data).lat, 1.0);
    let (messages, reactions, locations): (MessageUpdates, ReactionUpdates, LocationUpdates) =
        (read("unknown"), read("unknown"), read("unknown"));
    assert_eq!(messages.items[0].kind, "weather");
    assert_eq!(reactions.items[0].kind, "weather");
    assert_eq!(locations.items[0].kind, "weather");
    assert!(locations.items[0].data.as_ref().is_some_and(serde_json::Value::is_array));
}
