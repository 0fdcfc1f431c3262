//! Any value is read as it was saved.

use std::{fmt::Debug, time::Duration};

use chrono::{DateTime, Utc};
use proptest::{collection::vec, option, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use teamwire_core::{
    AlertType, Draft, Message, ReactionType, User,
    model::{
        Asset, Attachment, AttachmentKind, CalendarEvent, ChatInfo, ChatType, Coordinates, LiveLocation, Location,
        NewAttachment, Poll, ThreadId, Upload,
    },
};

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}|[\\x00-\\x1f\"\\\\]{1,4}"
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    // Years 0 to 9999.
    (-62_167_219_200_i64..253_402_300_800, 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).expect("it is in range"))
}

fn duration() -> impl Strategy<Value = Duration> {
    any::<u64>().prop_map(Duration::from_millis)
}

fn place() -> impl Strategy<Value = Coordinates> {
    let degrees = |max: i32| (-max * 1_000_000..=max * 1_000_000).prop_map(|millionths| f64::from(millionths) / 1e6);
    (degrees(90), degrees(180)).prop_map(|(lat, lon)| Coordinates::new(lat, lon).expect("it is on earth"))
}

fn user() -> impl Strategy<Value = User> {
    (text(), text(), text(), text(), any::<bool>()).prop_map(|(uid, first, last, organisation, is_bot)| {
        let mut user = User::new(uid, first, last);
        (user.organisation, user.is_bot) = (organisation, is_bot);
        user
    })
}

fn asset() -> impl Strategy<Value = Asset> {
    (text(), text(), text(), any::<u64>())
        .prop_map(|(id, name, media_type, size)| Asset::new(id, name, media_type, size))
}

fn upload() -> impl Strategy<Value = Upload> {
    let from_bytes = (text(), vec(any::<u8>(), 0..40)).prop_map(|(name, bytes)| Upload::from_bytes(name, bytes));
    let from_path = (text(), text()).prop_map(|(path, media_type)| Upload::from_path(path).media_type(media_type));
    prop_oneof![from_bytes, from_path]
}

fn event() -> impl Strategy<Value = CalendarEvent> {
    (text(), time(), time(), text())
        .prop_map(|(title, start, end, place)| CalendarEvent::received(title, start, end).with_location(place))
}

fn location() -> impl Strategy<Value = Location> {
    (text(), place(), option::of(text())).prop_map(|(name, place, city)| {
        let mut location = Location::new(name, place);
        location.city = city;
        location
    })
}

fn poll() -> impl Strategy<Value = Poll> {
    (text(), vec(text(), 0..4)).prop_map(|(question, options)| Poll::received(question, options))
}

fn live() -> impl Strategy<Value = LiveLocation> {
    (place(), duration()).prop_map(|(place, duration)| LiveLocation::received(place, duration))
}

fn attachment() -> impl Strategy<Value = Attachment> {
    prop_oneof![
        event().prop_map(Attachment::Calendar),
        location().prop_map(Attachment::Location),
        live().prop_map(Attachment::LiveLocation),
        vec(asset(), 0..3).prop_map(Attachment::Gallery),
        (asset(), option::of(duration())).prop_map(|(asset, duration)| Attachment::Sound(asset, duration)),
        (asset(), option::of(duration())).prop_map(|(asset, duration)| Attachment::Video(asset, duration)),
        asset().prop_map(Attachment::File),
        poll().prop_map(Attachment::Poll),
        text().prop_map(Attachment::Unknown),
    ]
}

fn new_attachment() -> impl Strategy<Value = NewAttachment> {
    prop_oneof![
        event().prop_map(NewAttachment::from),
        location().prop_map(NewAttachment::from),
        live().prop_map(NewAttachment::from),
        vec(upload(), 1..3).prop_map(|images| NewAttachment::gallery(images).expect("there is an image")),
        (upload(), option::of(duration())).prop_map(|(upload, duration)| NewAttachment::sound(upload, duration)),
        (upload(), option::of(duration())).prop_map(|(upload, duration)| NewAttachment::video(upload, duration)),
        upload().prop_map(NewAttachment::file),
        poll().prop_map(NewAttachment::from),
    ]
}

fn alert_type() -> impl Strategy<Value = AlertType> {
    prop_oneof![Just(AlertType::Alert), Just(AlertType::Note), text().prop_map(|it| it.parse().expect("never fails"))]
}

fn message() -> impl Strategy<Value = Message> {
    let essential = (text(), text(), user(), time());
    let others =
        (option::of(alert_type()), option::of(text()), option::of(text()), vec(attachment(), 0..4), any::<bool>());
    (essential, others).prop_map(|((mid, tid, from, sent_at), (alert, reply_to, text, attachments, deleted))| {
        let mut message = Message::new(mid, tid, from, sent_at);
        (message.is_alert, message.alert_type) = (alert.is_some(), alert);
        (message.text, message.attachments, message.deleted) = (text, attachments, deleted);
        message.reply_to = reply_to.map(Into::into);
        message
    })
}

fn draft() -> impl Strategy<Value = Draft> {
    (option::of(text()), vec(new_attachment(), 0..4), option::of(alert_type()), any::<bool>(), text()).prop_map(
        |(text, attachments, alert, flag, key)| {
            let mut draft = Draft::new().attach_all(attachments).set_alert(flag).idempotency_key(key);
            draft.text = text;
            match alert {
                Some(alert) => draft.alert(alert),
                None => draft,
            }
        },
    )
}

fn chat() -> impl Strategy<Value = ChatInfo> {
    let chat_type = prop_oneof![Just(ChatType::OneToOne), Just(ChatType::Group), text().prop_map(ChatType::Unknown)];
    (text(), chat_type, text(), vec(user(), 0..3), any::<bool>()).prop_map(|(tid, chat_type, title, users, flag)| {
        let mut chat = ChatInfo::new(tid, chat_type);
        (chat.title, chat.users, chat.allow_sending, chat.is_closed) = (title, users, flag, flag);
        chat
    })
}

/// Saves and reads a value twice, once by way of [`serde_json::Value`].
#[track_caller]
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let saved = serde_json::to_string(value).expect("it can be saved");
    assert_eq!(&serde_json::from_str::<T>(&saved).expect("it can be read"), value, "{saved}");
    let saved = serde_json::to_value(value).expect("it can be saved");
    assert_eq!(&serde_json::from_value::<T>(saved.clone()).expect("it can be read"), value, "{saved}");
}

proptest! {
    #![proptest_config(teamwire_tests::cases(200))]

    #[test]
    fn messages_are_read_as_saved(message in message()) {
        round_trip(&message);
    }

    #[test]
    fn drafts_are_read_as_saved(draft in draft()) {
        round_trip(&draft);
        let kinds: Vec<AttachmentKind> = draft.attachments.iter().map(|it| it.kind().clone()).collect();
        round_trip(&kinds);
    }

    #[test]
    fn chats_are_read_as_saved(chat in chat(), reaction in text()) {
        round_trip(&chat);
        round_trip(&reaction.parse::<ReactionType>().expect("never fails"));
    }

    #[test]
    fn coordinates_and_names_are_read_as_shown(place in place(), id in text()) {
        let shown = place.to_string();
        let degrees: Vec<f64> = shown.split(", ").map(|it| it.parse().expect("it is a number")).collect();
        prop_assert_eq!(Coordinates::new(degrees[0], degrees[1]).ok(), Some(place));
        let tid: ThreadId = id.parse().expect("never fails");
        prop_assert_eq!(tid.as_str(), id.as_str());
    }
}
