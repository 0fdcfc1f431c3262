//! Responses to subscriptions and polls of feeds.

use alloc::vec::Vec;

use serde_json::{Value, json};

use super::ok;
use crate::{
    model::{ChatEvent, LiveLocationUpdate, Message, Reaction},
    protocol::{
        Batch, BatchItem,
        v1::{
            feeds::Event,
            sample::{self, Render, Sample},
        },
    },
    script::Respond,
};

/// Responds with a subscription, and the current end of its feed.
#[doc(alias = "subscribe")]
pub fn subscription(id: &str, cursor: &str) -> Respond {
    ok(&sample::subscription(id, cursor))
}

/// Responds to a poll of any feed without events: its end is at this cursor.
#[doc(alias = "empty")]
#[doc(alias = "silence")]
pub fn no_updates(cursor: &str) -> Respond {
    ok(&json!({ "items": [], "cursor": cursor }))
}

/// Responds to a poll with new messages, oldest first. The last one is at this cursor; those before it are at
/// `<cursor>.1`, `<cursor>.2` and so on.
#[doc(alias = "new_messages")]
pub fn message_updates(items: impl IntoIterator<Item = impl Sample<Message>>, cursor: &str) -> Respond {
    updates(items, cursor)
}

/// Responds to a poll with new and changed reactions, with the cursors of [`message_updates`].
pub fn reaction_updates(items: impl IntoIterator<Item = impl Sample<Reaction>>, cursor: &str) -> Respond {
    updates(items, cursor)
}

/// Responds to a poll with live locations, with the cursors of [`message_updates`].
#[doc(alias = "live_locations")]
pub fn live_location_updates(
    items: impl IntoIterator<Item = impl Sample<LiveLocationUpdate>>,
    cursor: &str,
) -> Respond {
    updates(items, cursor)
}

/// Responds to a poll with everything that happened, oldest first, with the cursors of [`message_updates`].
///
/// ```
/// use teamwire_core::{model::ChatEvent, script::v1::{respond, sample}};
///
/// let both = [ChatEvent::Left("c1".into()), ChatEvent::Left("c2".into())];
/// let respond = respond::event_updates(both, "k1");
/// let reaction = sample::event("reaction", sample::reaction("r1", "m1", "c1", "ok"));
/// let respond = respond::event_updates([reaction], "k2");
/// ```
#[doc(alias = "events")]
pub fn event_updates(items: impl IntoIterator<Item = impl Sample<ChatEvent>>, cursor: &str) -> Respond {
    updates(items, cursor)
}

/// Responds to a poll with a batch of events, each at a cursor of its own or at none. Events that cannot be decoded are
/// returned as they are.
///
/// ```
/// use teamwire_core::{
///     Reaction, ReactionType, User,
///     model::Undecoded,
///     protocol::{Batch, BatchItem},
///     script::v1::respond,
/// };
///
/// let ok = Reaction::new("r1", "m1", "c1", ReactionType::Ok, User::new("u-anna", "Anna", "Berg"));
/// let wave = Undecoded::new(r#"{ "kind": "wave", "data": {} }"#, "");
/// let batch = Batch::new("k2").items([BatchItem::new("r1", Ok(ok)).at("k1"), BatchItem::new("r2", Err(wave))]);
/// let respond = respond::batch(batch);
/// ```
///
/// # Panics
/// If an event that cannot be decoded is not JSON.
#[track_caller]
#[allow(private_bounds, reason = "the kinds of events are those of the contract")]
pub fn batch<T: Event + Render>(batch: Batch<T>) -> Respond {
    let items: Vec<Value> = batch.items.into_iter().map(item).collect();
    ok(&json!({ "items": items, "cursor": batch.cursor.as_deref() }))
}

#[track_caller]
fn item<T: Event + Render>(item: BatchItem<T>) -> Value {
    match item.result {
        Ok(event) => update::<T>(event.render(), item.cursor.as_deref()),
        Err(undecoded) => sample::json(&undecoded.json),
    }
}

fn updates<T: Event>(items: impl IntoIterator<Item = impl Sample<T>>, cursor: &str) -> Respond {
    let items: Vec<Value> = items.into_iter().map(|item| T::update(item.into_json())).collect();
    ok(&sample::batch(items, cursor))
}

fn update<T: Event>(data: Value, cursor: Option<&str>) -> Value {
    let mut update = T::update(data);
    if let Some(cursor) = cursor {
        update["cursor"] = cursor.into();
    }
    update
}
