//! Values that are rendered for a script are read back as equal values.

use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::json;
use teamwire_core::{
    AlertType, Client, FeedEvent, Group, Message, Reaction, ReactionType, Script, User,
    model::{
        Asset, Attachment, CalendarEvent, ChatInfo, ChatType, Coordinates, LinkPreview, LiveLocation,
        LiveLocationUpdate, Location, LocationShare, Poll, Undecoded,
    },
    protocol::{Batch, BatchItem, Page},
    script::v1::{expect, respond},
};
use teamwire_tests::operations::{AVATAR, config};

/// A user like those of the samples.
pub(crate) fn anna() -> User {
    let mut anna = User::new("u-anna", "Anna", "Berg");
    anna.organisation = "Example Org".into();
    anna
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "\\PC{0,12}", 1 => any::<String>()]
}

/// Milliseconds in the years 0 to 9999.
fn time() -> impl Strategy<Value = DateTime<Utc>> {
    let millis = -62_167_219_200_000..=253_402_300_799_999_i64;
    millis.prop_map(|at| DateTime::from_timestamp_millis(at).expect("the years 0 to 9999 are in range"))
}

fn place() -> impl Strategy<Value = Coordinates> {
    (-90.0..=90.0, -180.0..=180.0).prop_map(|(lat, lon)| Coordinates::new(lat, lon).expect("it is on earth"))
}

fn unknown_name() -> impl Strategy<Value = String> {
    "x_[a-z]{0,8}"
}

fn user() -> impl Strategy<Value = User> {
    (text(), text(), text(), text(), any::<bool>()).prop_map(|(uid, first, last, organisation, is_bot)| {
        let mut user = User::new(uid, first, last);
        (user.organisation, user.is_bot) = (organisation, is_bot);
        user
    })
}

fn group() -> impl Strategy<Value = Group> {
    let flags = any::<[bool; 3]>();
    (text(), text(), vec(user(), 0..3), option::of(user()), flags).prop_map(|(gid, title, members, owner, flags)| {
        let mut group = Group::new(gid, title);
        (group.members, group.owner) = (members, owner);
        [group.is_circle, group.is_list, group.is_public] = flags;
        group
    })
}

fn chat() -> impl Strategy<Value = ChatInfo> {
    let known = select(vec![ChatType::OneToOne, ChatType::Group]);
    let chat_type = prop_oneof![known, unknown_name().prop_map(ChatType::Unknown)];
    let (users, groups, admins) = (vec(user(), 0..3), vec(group(), 0..2), vec(user(), 0..2));
    let parts = ("[a-z0-9]{1,8}", text(), chat_type, any::<[bool; 4]>(), users, groups, admins);
    parts.prop_map(|(tid, title, chat_type, flags, users, groups, admins)| {
        let mut chat = ChatInfo::new(tid, chat_type);
        [chat.is_alert, chat.allow_sending, chat.allow_mute_notifications, chat.is_closed] = flags;
        (chat.title, chat.users, chat.groups, chat.admins) = (title, users, groups, admins);
        chat
    })
}

fn asset() -> impl Strategy<Value = Asset> {
    (text(), text(), text(), any::<u64>())
        .prop_map(|(id, name, media_type, size)| Asset::new(id, name, media_type, size))
}

fn attachment() -> impl Strategy<Value = Attachment> {
    let duration = || option::of(any::<u64>().prop_map(Duration::from_millis));
    let calendar = (text(), time(), time(), option::of(text()), option::of(text()));
    let calendar = calendar.prop_map(|(title, start, end, description, location)| {
        let event = CalendarEvent::received(title, start, end);
        let event = description.into_iter().fold(event, CalendarEvent::with_description);
        Attachment::Calendar(location.into_iter().fold(event, CalendarEvent::with_location))
    });
    let line = || option::of(text());
    let location = (text(), place(), line(), line(), line(), line());
    let location = location.prop_map(|(name, place, address, city, country, postal_code)| {
        let mut location = Location::new(name, place);
        (location.address, location.city) = (address, city);
        (location.country, location.postal_code) = (country, postal_code);
        Attachment::Location(location)
    });
    let live = (place(), any::<u64>());
    let poll = (text(), vec(text(), 0..4), any::<bool>()).prop_map(|(question, options, is_multiple_choice)| {
        let poll = Poll::received(question, options);
        Attachment::Poll(if is_multiple_choice { poll.multiple_choice() } else { poll })
    });
    let unknown = (unknown_name(), text(), any::<i64>());
    prop_oneof![
        calendar,
        location,
        live.prop_map(|(at, secs)| Attachment::LiveLocation(LiveLocation::received(at, Duration::from_secs(secs)))),
        vec(asset(), 0..3).prop_map(Attachment::Gallery),
        (asset(), duration()).prop_map(|(asset, duration)| Attachment::Sound(asset, duration)),
        (asset(), duration()).prop_map(|(asset, duration)| Attachment::Video(asset, duration)),
        asset().prop_map(Attachment::File),
        poll,
        unknown.prop_map(|(kind, text, number)| Attachment::Unknown(
            json!({ "kind": kind, "text": text, "number": number }).to_string()
        )),
    ]
}

fn alert_type() -> impl Strategy<Value = AlertType> {
    let known = select(vec![AlertType::Alert, AlertType::Announcement, AlertType::Note]);
    prop_oneof![known, unknown_name().prop_map(AlertType::Unknown)]
}

fn preview() -> impl Strategy<Value = LinkPreview> {
    let line = || option::of(text());
    (text(), text(), line(), line(), line()).prop_map(|(url, domain, title, description, image)| {
        let mut preview = LinkPreview::new(url, domain);
        (preview.title, preview.description, preview.image) = (title, description, image);
        preview
    })
}

fn message() -> impl Strategy<Value = Message> {
    let head = (text(), text(), user(), time(), any::<bool>());
    let body = (option::of(text()), vec(attachment(), 0..4), option::of(preview()));
    let rest = (option::of(alert_type()), option::of(text()), option::of(text()));
    (head, body, rest).prop_map(|((mid, tid, from, at, deleted), (text, attachments, preview), rest)| {
        let (alert_type, reply_to, sender) = rest;
        let message = Message::new(mid, tid, from, at);
        let mut message = alert_type.into_iter().fold(message, Message::with_alert_type);
        (message.text, message.attachments, message.link_preview) = (text, attachments, preview);
        message.reply_to = reply_to.map(Into::into);
        (message.sender_display_name, message.deleted) = (sender, deleted);
        message
    })
}

fn reaction() -> impl Strategy<Value = Reaction> {
    use ReactionType as Type;
    let known = vec![Type::Ok, Type::Sos, Type::ThumbsUp, Type::Applause, Type::Smile, Type::Laugh, Type::Love];
    let reaction_type = prop_oneof![3 => select(known), 1 => unknown_name().prop_map(Type::Unknown)];
    (text(), text(), text(), reaction_type, user())
        .prop_map(|(id, mid, tid, reaction_type, from)| Reaction::new(id, mid, tid, reaction_type, from))
}

fn live_location() -> impl Strategy<Value = LiveLocationUpdate> {
    (text(), user(), place(), time(), any::<bool>()).prop_map(|(tid, user, place, time, ended)| {
        let mut update = LiveLocationUpdate::new(tid, user, place, time);
        update.ended = ended;
        update
    })
}

/// Returns an empty script for a bot that sees deleted messages.
fn script() -> Script {
    Script::with_config(config().with_hide_deleted_messages(false))
}

proptest! {
    #![proptest_config(teamwire_tests::cases(200))]

    #[test]
    fn users_and_groups_are_read_back(users in vec(user(), 0..4), groups in vec(group(), 0..3)) {
        let script = script()
            .always(expect::me(), respond::user(users.first().cloned().unwrap_or_else(anna)))
            .always(expect::users(), respond::users(&users))
            .always(expect::groups(), respond::groups(&groups));
        let client = Client::new(script);
        let read = client.contacts().users().expect("the script has it");
        prop_assert!(read.undecoded().is_empty());
        prop_assert_eq!(&*read, &users[..]);
        prop_assert_eq!(&*client.contacts().groups().expect("the script has it"), &groups[..]);
        if let Some(first) = users.first() {
            prop_assert_eq!(&client.contacts().me().expect("the script has it"), first);
        }
    }

    #[test]
    fn chats_are_read_back(chat in chat()) {
        let script = script()
            .always(expect::chat(&chat.tid), respond::chat(&chat))
            .always(expect::chats(), respond::chats([&chat]));
        let client = Client::new(script);
        let found = client.chats().by_thread_id(&chat.tid).expect("the script has it").expect("the script has it");
        prop_assert_eq!(found.info(), &chat);
        let list = client.chats().list().expect("the script has it");
        prop_assert_eq!(list[0].info(), &chat);
    }

    #[test]
    fn messages_are_read_back(message in message()) {
        let script = script()
            .always(expect::post("c1"), respond::message(&message))
            .always(expect::messages("c1"), respond::messages([&message]));
        let client = Client::new(script);
        prop_assert_eq!(&client.chats().chat("c1").post("hello").expect("the script has it"), &message);
        let listed = client.chats().chat("c1").messages(None).expect("the script has it");
        prop_assert_eq!(listed.last_modified, Some(message.sent_at));
        prop_assert_eq!(listed.messages, [message]);
    }

    #[test]
    fn reactions_are_read_back(reaction in reaction()) {
        let alert = Message::new("m1", "c1", anna(), DateTime::UNIX_EPOCH).with_alert_type(AlertType::Alert);
        let script = script()
            .always(expect::send_reaction("c1", "m1", &ReactionType::Ok), respond::reaction(&reaction))
            .always(expect::reactions("c1", "m1"), respond::reactions([&reaction]));
        let client = Client::new(script);
        let chat = client.chats().chat("c1");
        prop_assert_eq!(&chat.send_reaction(&alert, ReactionType::Ok).expect("the script has it"), &reaction);
        prop_assert_eq!(&*chat.reactions(&alert).expect("the script has it"), &[reaction]);
    }

    #[test]
    fn events_are_read_back(
        messages in vec(message(), 1..3), reactions in vec(reaction(), 1..3), locations in vec(live_location(), 1..3),
    ) {
        let script = script()
            .then(expect::message_updates("c1"), respond::no_updates("k0"))
            .then(expect::message_updates("c1").cursor("k0"), respond::message_updates(&messages, "k1"));
        let events = Client::new(script).chats().chat("c1").new_messages(None);
        prop_assert_eq!(items(events), messages);

        let script = script_of_feed(expect::subscribe_reactions())
            .then(expect::reaction_updates().cursor("k0"), respond::reaction_updates(&reactions, "k1"));
        prop_assert_eq!(items(Client::new(script).chats().reaction_updates(None)), reactions);

        let script = script_of_feed(expect::subscribe_live_locations("c1"))
            .then(expect::live_location_updates("c1"), respond::live_location_updates(&locations, "k1"));
        prop_assert_eq!(items(Client::new(script).chats().chat("c1").live_locations(None)), locations);
    }
}

fn script_of_feed(subscribe: teamwire_core::script::Expect) -> Script {
    script().then(subscribe, respond::subscription("s1", "k0"))
}

fn items<T>(events: impl Iterator<Item = Result<FeedEvent<T>, teamwire_core::Error>>) -> Vec<T> {
    events.filter_map(|event| event.expect("the script has it").into_item()).collect()
}

#[test]
fn location_shares_are_read_back() {
    let script = script().always(
        expect::location_shares(),
        respond::location_shares(["c1", "c2"].map(|tid| LocationShare::new(tid, Duration::from_millis(1_500)))),
    );
    let client = Client::new(script.clone());
    client.chats().refresh_location_shares().expect("the script has it");
    assert_eq!(client.chats().location_sharing_active_chats().len(), 2);
    script.advance(Duration::from_millis(1_499));
    assert_eq!(client.chats().location_sharing_active_chats().len(), 2);
    script.advance(Duration::from_millis(1));
    assert_eq!(client.chats().location_sharing_active_chats().len(), 0);
}

#[test]
fn pages_are_read_back() {
    let pages = Page::new(vec![anna()]).next(Some("k1".into())).undecoded(Undecoded::new(r#"{"uid":7}"#, ""));
    let script = script()
        .then(expect::users(), respond::page(pages))
        .then(expect::users().cursor("k1"), respond::users([anna(), anna()]));
    let users = Client::new(script.clone()).contacts().users().expect("the script has it");
    assert_eq!((users.len(), users.undecoded().len()), (3, 1));
    assert_eq!(users.undecoded()[0].json, r#"{"uid":7}"#);
    script.assert_done();

    let last = DateTime::from_timestamp_millis(7).expect("it is in range");
    let page = Page::new(vec![Message::new("m1", "c1", anna(), DateTime::UNIX_EPOCH)]).last_modified(Some(last));
    let client = Client::new(Script::new().then(expect::messages("c1"), respond::page(page)));
    let messages = client.chats().chat("c1").messages(None).expect("the script has it");
    assert_eq!((messages.messages.len(), messages.last_modified), (1, Some(last)));
}

#[test]
fn batches_are_read_back() {
    let message = |mid: &str| Message::new(mid, "c1", anna(), DateTime::UNIX_EPOCH);
    let wave = r#"{"cursor":"k2","data":{},"kind":"wave"}"#;
    let batch = Batch::new("k3").items([
        BatchItem::new("m1", Ok(message("m1"))).at("k1"),
        BatchItem::new("m2", Err(Undecoded::new(wave, ""))),
        BatchItem::new("m3", Ok(message("m3"))),
    ]);
    let script = script()
        .then(expect::all_message_updates(), respond::no_updates("k0"))
        .then(expect::all_message_updates().cursor("k0"), respond::batch(batch));
    let events: Vec<_> =
        Client::new(script).chats().new_messages(None).map(|it| it.expect("the script has it")).collect();
    let shown: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            FeedEvent::Update { item, .. } => Some(item.mid.to_string()),
            FeedEvent::Undecoded { item, .. } => Some(item.json.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(shown, ["m1", wave, "m3"]);
}

#[test]
fn files_are_read_back() {
    let asset = Asset::new("a1", "plan.txt", "text/plain", 9);
    let downloads = script().then(expect::download("a1"), respond::content(&asset, "stay calm"));
    assert_eq!(Client::new(downloads).chats().download(&asset).expect("the script has it"), b"stay calm");

    let avatars = script().then(expect::avatar("c1"), respond::avatar(AVATAR));
    assert_eq!(Client::new(avatars).chats().chat("c1").load_avatar().expect("the script has it"), AVATAR);
}

#[test]
#[should_panic(expected = "malformed JSON")]
fn an_unknown_attachment_that_is_not_json_is_reported() {
    let mut message = Message::new("m1", "c1", anna(), DateTime::UNIX_EPOCH);
    message.attachments = vec![Attachment::Unknown("hologram".into())];
    let _ = respond::message(message);
}
