//! Requests with any arguments: the core rejects the arguments, or its request keeps to the contract.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use proptest::{collection::vec, option, prelude::*, sample::select};
use teamwire_core::{
    AlertType, Draft, ErrorKind, NewChat,
    flow::Flow,
    machine::Step,
    model::{CalendarEvent, Coordinates, LiveLocation, Location, NewAttachment, NewOneToOne, Poll, ShareDuration},
};
use teamwire_tests::{
    contract::Contract,
    operations::{ByHandBot, ENTROPY, config, now},
};

/// Asserts that the arguments are rejected, or that the request keeps to the contract.
fn is_fine<T: Debug + Send>(flow: &mut dyn Flow<Output = T>) -> Result<(), TestCaseError> {
    match flow.poll(now()) {
        Step::Send(_, exchange) => {
            let checked = Contract::load()
                .check_request(&exchange.request.map(|body| body.as_bytes().expect("it is in memory").to_vec()));
            checked.map(drop).map_err(|violation| TestCaseError::fail(violation.to_string()))
        }
        Step::Done(Err(error)) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        step => Err(TestCaseError::fail(format!("{step:?}"))),
    }
}

fn bot() -> ByHandBot {
    ByHandBot::by_hand(config(), ENTROPY)
}

/// Texts of all kinds, and of lengths near the limits.
fn text() -> impl Strategy<Value = String> {
    let lengths = vec![0, 1, 64, 65, 128, 129, 256, 257, 10_000, 10_001];
    let long = (select(lengths), select(vec!['x', 'ä', '\u{1f600}'])).prop_map(|(n, c)| c.to_string().repeat(n));
    prop_oneof![4 => "\\PC{0,12}", 1 => "[\\x00-\\x1f]{0,3}", 3 => long]
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[a-zA-Z0-9]{22}", 1 => text(), 1 => select(vec![".", "..", "a/b"]).prop_map(str::to_owned)]
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    let odd = vec![DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, DateTime::UNIX_EPOCH];
    let any = (-70_000_000_000_i64..260_000_000_000).prop_map(|at| DateTime::from_timestamp(at, 999_999_999));
    prop_oneof![3 => any.prop_map(Option::unwrap_or_default), 1 => select(odd)]
}

fn place() -> impl Strategy<Value = Coordinates> {
    (-90.0..=90.0, -180.0..=180.0).prop_map(|(lat, lon)| Coordinates::new(lat, lon).expect("it is on earth"))
}

fn attachment() -> impl Strategy<Value = NewAttachment> {
    let calendar = (text(), moment(), moment(), text(), text()).prop_map(|(title, one, other, what, place)| {
        let calendar = CalendarEvent::new(title, one.min(other), one.max(other)).expect("it is in order");
        calendar.with_description(what).with_location(place).into()
    });
    let location = (text(), place(), option::of(text())).prop_map(|(name, place, city)| {
        let mut location = Location::new(name, place);
        location.city = city;
        location.into()
    });
    let durations = vec![ShareDuration::QuarterHour, ShareDuration::OneHour, ShareDuration::EightHours];
    let live = (place(), select(durations)).prop_map(|(place, duration)| LiveLocation::new(place, duration).into());
    let poll = (text(), vec(text(), 2..5)).prop_filter_map("options differ", |(question, options)| {
        Poll::new(question, options).ok().map(NewAttachment::from)
    });
    prop_oneof![calendar, location, live, poll]
}

fn attachments() -> impl Strategy<Value = Vec<NewAttachment>> {
    let many = place().prop_map(|place| vec![NewAttachment::from(Location::new("x", place)); 51]);
    prop_oneof![8 => vec(attachment(), 0..4), 1 => many]
}

proptest! {
    #![proptest_config(teamwire_tests::cases(120))]

    #[test]
    fn every_draft_is_refused_or_fits(
        text in option::of(text()), attachments in attachments(), reply_to in option::weighted(0.2, id()),
        sender in option::weighted(0.2, text()), key in option::weighted(0.2, text()),
        is_alert in any::<bool>(), tid in id(),
    ) {
        let mut draft = text.map_or_else(Draft::new, Draft::text).set_alert(is_alert);
        draft = attachments.into_iter().fold(draft, Draft::attach);
        draft = reply_to.into_iter().fold(draft, Draft::reply_to);
        draft = sender.into_iter().fold(draft, Draft::sender_display_name);
        draft = key.into_iter().fold(draft, Draft::idempotency_key).alert(AlertType::Note);
        is_fine(&mut bot().client.chats().chat(tid).post(draft))?;
    }

    #[test]
    fn every_new_chat_is_refused_or_fits(
        title in text(), users in vec(id(), 0..3), groups in vec(id(), 0..3), admins in vec(id(), 0..3),
        message in option::of(text()), attachments in attachments(), recipient in id(),
    ) {
        let chats = bot();
        let mut chat = NewChat::titled(title).users(users).groups(groups).admins(admins);
        let mut private = NewOneToOne::new(recipient);
        if let Some(message) = message {
            (chat, private) = (chat.message(message.as_str()), private.message(message));
        }
        for attachment in attachments {
            (chat, private) = (chat.attach(attachment.clone()), private.attach(attachment));
        }
        is_fine(&mut chats.client.chats().create_chat(chat))?;
        is_fine(&mut chats.client.chats().create_one_to_one_chat(private))?;
    }

    #[test]
    fn every_other_argument_is_refused_or_fits(
        text in text(), id in id(), other in id(), since in option::of(moment()), users in vec(id(), 0..3),
    ) {
        let mut bot = bot();
        is_fine(&mut bot.client.chats().by_title(text.as_str()))?;
        is_fine(&mut bot.client.chats().by_thread_id(id.as_str()))?;
        is_fine(&mut bot.client.contacts().user(id.as_str()))?;
        is_fine(&mut bot.client.contacts().group(id.as_str()))?;
        is_fine(&mut bot.client.chats().chat(id.as_str()).messages(since))?;
        is_fine(&mut bot.chat.update_title(text))?;
        is_fine(&mut bot.chat.add_members(users.clone(), [id.as_str()]))?;
        is_fine(&mut bot.chat.remove_members(users, [other.as_str()]))?;
        is_fine(&mut bot.chat.add_admin(id))?;
        is_fine(&mut bot.chat.remove_admin(other))?;
    }
}
