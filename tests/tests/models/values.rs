//! A value of each type, in which every field is set.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use teamwire_core::{
    AlertType, Draft, Group, Message, NewChat, Reaction, ReactionType, User,
    model::{
        Asset, Attachment, Attachments, CalendarEvent, ChatInfo, ChatType, Coordinates, Download, Image, LinkPreview,
        Listing, LiveLocation, LiveLocationUpdate, Location, LocationShare, Messages, NewAttachment, NewOneToOne, Poll,
        ShareDuration, Undecoded, Upload,
    },
};

pub(crate) use super::anna;
use super::{bot, new_year};

fn later(millis: i64) -> DateTime<Utc> {
    new_year() + TimeDelta::milliseconds(millis)
}

pub(crate) fn group() -> Group {
    let mut group = Group::new("g-on-call", "Night shift");
    (group.members, group.owner) = (vec![anna(), bot()], Some(anna()));
    (group.is_circle, group.is_list, group.is_public) = (true, true, true);
    group
}

pub(crate) fn chat() -> ChatInfo {
    let mut chat = ChatInfo::new("c1", ChatType::Group);
    chat.title = "Operations".into();
    (chat.is_alert, chat.is_closed, chat.allow_sending, chat.allow_mute_notifications) = (true, true, false, false);
    (chat.users, chat.groups, chat.admins) = (vec![anna(), bot()], vec![group()], vec![bot()]);
    chat.is_outdated = true;
    chat
}

pub(crate) fn message() -> Message {
    let mut message = Message::new("m2", "c1", bot(), later(1))
        .with_alert_type(AlertType::Unknown("siren".into()))
        .with_text("The database is down");
    message.reply_to = Some("m1".into());
    message.attachments = vec![Attachment::File(asset("a1"))];
    message.deleted = true;
    message.sender_display_name = Some("Monitoring".into());
    message.link_preview = Some(link_preview());
    message
}

pub(crate) fn messages() -> Messages {
    let mut messages = Messages::new([Message::new("m1", "c1", anna(), new_year())]);
    messages.last_modified = Some(later(1_500));
    messages.undecoded = vec![undecoded()];
    messages
}

pub(crate) fn link_preview() -> LinkPreview {
    let mut preview = LinkPreview::new("https://example.org/status", "example.org");
    preview.title = Some("Status".into());
    preview.description = Some("All systems".into());
    preview.image = Some("https://example.org/status.png".into());
    preview
}

pub(crate) fn reaction() -> Reaction {
    Reaction::new("r1", "m1", "c1", ReactionType::ThumbsUp, anna())
}

pub(crate) fn listing() -> Listing<User> {
    Listing::new(vec![anna()], vec![undecoded()])
}

pub(crate) fn undecoded() -> Undecoded {
    Undecoded::new("{}", "missing field `uid`")
}

pub(crate) fn update() -> LiveLocationUpdate {
    let mut update = LiveLocationUpdate::new("c1", anna(), munich(), later(250));
    update.ended = true;
    update
}

pub(crate) fn share() -> LocationShare {
    LocationShare::new("c1", Duration::from_millis(900_001))
}

pub(crate) fn asset(id: &str) -> Asset {
    Asset::new(id, "night shift.jpg", "image/jpeg", 4_096)
}

pub(crate) fn event() -> CalendarEvent {
    let event = CalendarEvent::received("Maintenance", new_year(), later(3_600_000));
    event.with_description("All systems").with_location("Room 4")
}

pub(crate) fn munich() -> Coordinates {
    Coordinates::new(48.137_154, 11.576_124).expect("it is on earth")
}

pub(crate) fn location() -> Location {
    let mut location = Location::new("Depot", munich());
    location.address = Some("Long Street 1".into());
    location.city = Some("Munich".into());
    location.country = Some("Germany".into());
    location.postal_code = Some("80331".into());
    location
}

pub(crate) fn live() -> LiveLocation {
    LiveLocation::new(munich(), ShareDuration::QuarterHour)
}

pub(crate) fn poll() -> Poll {
    // A new poll could not have a single option.
    Poll::received("Who is on call?", ["Anna".into()]).multiple_choice()
}

pub(crate) fn attachments() -> Vec<Attachment> {
    let second = Duration::from_millis(1_250);
    vec![
        Attachment::Calendar(event()),
        Attachment::Location(location()),
        Attachment::LiveLocation(live()),
        Attachment::Gallery(vec![asset("a1"), asset("a2")]),
        Attachment::Sound(asset("a3"), None),
        Attachment::Video(asset("a4"), Some(second)),
        Attachment::File(asset("a5")),
        Attachment::Poll(poll()),
        Attachment::Unknown(r#"{"kind":"hologram"}"#.into()),
    ]
}

pub(crate) fn upload() -> Upload {
    Upload::from_path("/var/log/backup.log").file_name("log of tonight.txt").media_type("text/x-log").may_grow()
}

pub(crate) fn image() -> Image {
    Image::from_path("/srv/avatar.jpg")
}

pub(crate) fn download() -> Download {
    Download::new(&asset("a1"))
}

pub(crate) fn new_attachments() -> Attachments {
    let mut attachments = Attachments::new();
    attachments.add(event()).add(location()).add(live()).add(poll()).add(upload());
    attachments.add(NewAttachment::gallery([upload()]).expect("it has an image"));
    attachments.add(NewAttachment::sound(upload(), None));
    attachments.add(NewAttachment::video(upload(), Duration::from_millis(1_250)));
    attachments
}

pub(crate) fn draft() -> Draft {
    let draft = Draft::text("The database is down").alert(AlertType::Note).set_alert(true).reply_to("m1");
    draft.sender_display_name("Monitoring").attach(upload()).idempotency_key("alarm-7")
}

pub(crate) fn new_chat() -> NewChat {
    let chat = NewChat::titled("Operations").user("u-anna").group("g-on-call").admin("u-ben").message("Welcome");
    let chat = chat.attach(poll()).avatar(image()).alert_chat(true).allow_sending(false);
    chat.allow_mute_notifications(false).idempotency_key("chat-7")
}

pub(crate) fn new_one_to_one() -> NewOneToOne {
    NewOneToOne::new("u-anna").message("hello").attach(upload()).idempotency_key("hello-7")
}
