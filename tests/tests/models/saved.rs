//! The saved form of every type, which later versions have to read: `golden/<type>.json`.

use std::{fmt::Debug, fs, path::Path};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use teamwire_core::{
    Checkpoint, Draft, LocationShares, NewChat, ReactionType,
    model::{
        Attachment, ChatEvent, ChatType, Coordinates, DeletedMessage, NewAttachment, NewOneToOne, ReadReceipt,
        ShareDuration, Upload,
    },
};

use crate::values;

/// The name of a type, its saved form, and the fields without which it cannot be read.
struct Golden {
    name: &'static str,
    text: String,
}

impl Golden {
    #[track_caller]
    fn of(name: &'static str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/models/golden/{name}.json"));
        let text = fs::read_to_string(&path).unwrap_or_default();
        Self { name, text: text.trim_end().to_owned() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    #[track_caller]
    fn read<T: DeserializeOwned>(&self, json: Value) -> T {
        serde_json::from_value(json).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// Asserts that the value is saved as in its golden file and read from it, also if fields were added or are missing.
#[track_caller]
fn assert_saved<T>(name: &'static str, value: &T, essential: &[&str])
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let golden = Golden::of(name);
    let saved = serde_json::to_string_pretty(value).expect("it can be saved");
    assert_eq!(saved, golden.text, "{name}: the file has another form than\n{saved}");
    assert_eq!(golden.read::<T>(golden.json()), *value, "{name}");
    assert_eq!(golden.read::<T>(with_later_fields(golden.json())), *value, "{name}: unknown fields are ignored");
    let Value::Object(fields) = golden.json() else { return };
    for field in fields.keys() {
        let mut without = fields.clone();
        without.remove(field);
        let read = serde_json::from_value::<T>(without.into());
        assert_eq!(read.is_err(), essential.contains(&field.as_str()), "{name} without {field}: {read:?}");
    }
}

/// Adds a field to each object.
fn with_later_fields(json: Value) -> Value {
    match json {
        Value::Array(items) => items.into_iter().map(with_later_fields).collect(),
        Value::Object(fields) => {
            // The fields of these are names of variants and ids.
            let is_open = |name: &str| !["source", "avatar", "shares"].contains(&name);
            let add = |(name, value): (String, Value)| {
                let value = if is_open(&name) { with_later_fields(value) } else { value };
                (name, value)
            };
            let mut fields: Map<_, _> = fields.into_iter().map(add).collect();
            fields.insert("a_later_field".into(), json!({ "a": [1, null] }));
            fields.into()
        }
        scalar => scalar,
    }
}

#[test]
fn what_is_received_keeps_its_saved_form() {
    assert_saved("user", &values::anna(), &["uid", "first_name", "last_name"]);
    assert_saved("group", &values::group(), &["gid", "title"]);
    assert_saved("chat_info", &values::chat(), &["tid", "chat_type"]);
    assert_saved("message", &values::message(), &["mid", "tid", "from_user", "sent_at"]);
    assert_saved("messages", &values::messages(), &["messages"]);
    assert_saved("link_preview", &values::link_preview(), &["url", "domain"]);
    assert_saved("reaction", &values::reaction(), &["reaction_id", "mid", "tid", "reaction_type", "from_user"]);
    assert_saved("listing", &values::listing(), &["items"]);
    assert_saved("undecoded", &values::undecoded(), &["json", "reason"]);
    assert_saved("live_location_update", &values::update(), &["tid", "user", "coordinates", "time"]);
    assert_saved("location_share", &values::share(), &["tid", "remaining"]);
    let read = ChatEvent::Read(ReadReceipt::new("c1", values::anna()));
    let events = vec![ChatEvent::Deleted(DeletedMessage::new("c1", "m1")), read, ChatEvent::Left("c1".into())];
    assert_saved("chat_events", &events, &[]);
}

#[test]
fn attachments_keep_their_saved_form() {
    assert_saved("asset", &values::asset("a1"), &["asset_id", "file_name", "media_type", "size"]);
    assert_saved("calendar_event", &values::event(), &["title", "start", "end"]);
    assert_saved("coordinates", &values::munich(), &["lat", "lon"]);
    assert_saved("location", &values::location(), &["name", "coordinates"]);
    assert_saved("live_location", &values::live(), &["initial", "duration"]);
    assert_saved("poll", &values::poll(), &["question", "options"]);
    assert_saved("attachments_received", &values::attachments(), &[]);
}

#[test]
fn what_is_sent_keeps_its_saved_form() {
    assert_saved("upload", &values::upload(), &["source", "file_name"]);
    assert_saved("upload_from_bytes", &Upload::from_bytes("plan.txt", "stay calm"), &["source", "file_name"]);
    assert_saved("image", &values::image(), &["source"]);
    assert_saved("download", &values::download(), &["asset"]);
    assert_saved("attachments", &values::new_attachments(), &[]);
    assert_saved("draft", &values::draft(), &["version"]);
    assert_saved("new_chat", &values::new_chat(), &["title"]);
    assert_saved("new_one_to_one", &values::new_one_to_one(), &["recipient"]);
}

/// They are made by the client only.
#[test]
fn positions_and_shares_keep_their_saved_form() {
    for name in ["checkpoint", "checkpoint_of_all_chats"] {
        let golden = Golden::of(name);
        assert_saved(name, &golden.read::<Checkpoint>(golden.json()), &["version", "feed", "cursor"]);
    }
    let golden = Golden::of("location_shares");
    assert_saved("location_shares", &golden.read::<LocationShares>(golden.json()), &["shares"]);
}

#[test]
fn enums_are_saved_by_their_names() {
    assert_saved(
        "enums",
        &(
            [ChatType::OneToOne, ChatType::Group, ChatType::Unknown("channel".into())],
            [ReactionType::ThumbsUp, ReactionType::Unknown("wave".into())],
            [ShareDuration::QuarterHour, ShareDuration::OneHour, ShareDuration::EightHours],
        ),
        &[],
    );
}

/// Returns the error of reading this.
#[track_caller]
fn error<T: DeserializeOwned + Debug>(json: Value) -> String {
    serde_json::from_value::<T>(json).expect_err("it cannot be read").to_string()
}

#[test]
fn request_without_a_key_is_not_saved() {
    let drafts = [
        serde_json::to_string(&Draft::text("hello")),
        serde_json::to_string(&NewChat::titled("Ops")),
        serde_json::to_string(&NewOneToOne::new("u-anna")),
    ];
    for saved in drafts {
        let error = saved.expect_err("it could be performed twice").to_string();
        assert!(error.contains("no idempotency key") && error.contains("new_idempotency_key"), "{error}");
    }
}

#[test]
fn draft_of_a_newer_version_is_refused() {
    let mut json = Golden::of("draft").json();
    json["version"] = 2.into();
    assert!(error::<Draft>(json).contains("it has version 2; this library reads up to 1"));
    let mut json = Golden::of("location_shares").json();
    json["version"] = 2.into();
    assert!(error::<LocationShares>(json).contains("it has version 2"));
}

#[test]
fn impossible_values_are_not_read() {
    let message = error::<Coordinates>(json!({ "lat": 90.5, "lon": 0 }));
    assert!(message.contains("invalid latitude: must be from -90 to 90 degrees, not 90.5"), "{message}");
    let message =
        error::<Attachment>(json!({ "kind": "location", "name": "x", "coordinates": { "lat": 0, "lon": 181 } }));
    assert!(message.contains("invalid longitude"), "{message}");
    let bytes = json!({ "kind": "file", "file": { "source": { "bytes": "*" }, "file_name": "x" } });
    assert!(error::<NewAttachment>(bytes).contains("Invalid symbol"));
}

#[test]
fn attachment_of_a_newer_version_is_unknown() {
    let later = json!({ "kind": "hologram", "depth": 3 });
    let read: Attachment = serde_json::from_value(later.clone()).expect("it is kept");
    assert_eq!(read, Attachment::Unknown(later.to_string()));
    // It could not be sent.
    assert!(error::<NewAttachment>(later).contains("hologram"));
    assert!(error::<Attachment>(json!({})).contains("kind"));
}
