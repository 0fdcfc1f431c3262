//! The story: the database of the control room fails at night.

use teamwire_core::{
    AlertType, Chat, Client, Coordinates, Draft, Error, Executor, Feed, FeedEvent, Follow, LiveLocation, NewChat,
    NewOneToOne, Poller, ReactionType, ShareDuration, Upload,
};
use teamwire_sandbox::{Sandbox, org};
use teamwire_tests::harness::Harness;

use crate::{diary::Diary, files, people};

type Told = Result<(), Box<dyn std::error::Error>>;

pub(crate) fn tell<H: Harness>(client: &Client<H::X>, sandbox: &Sandbox, diary: &mut Diary) -> Told {
    let mut chat = gather::<H>(client, sandbox, diary)?;
    alert::<H>(client, &chat, sandbox, diary)?;
    move_out::<H>(client, &chat, sandbox, diary)?;
    administer::<H>(&mut chat, sandbox, diary)?;
    go_home::<H>(client, &mut chat, sandbox, diary)
}

/// The bot finds its people, and gathers them in a chat.
fn gather<H: Harness>(
    client: &Client<H::X>,
    sandbox: &Sandbox,
    diary: &mut Diary,
) -> Result<Chat<H::X>, Box<dyn std::error::Error>> {
    let chats = client.chats();
    diary.note(
        sandbox,
        "get_subscriptions",
        || H::wait(chats.subscriptions()),
        |chats| chats.iter().map(Chat::title).collect::<Vec<_>>().join(", "),
    )?;
    diary.note(
        sandbox,
        "get_by_thread_id",
        || H::wait(chats.by_thread_id(org::LOBBY)),
        |chat| chat.as_ref().map_or("none".into(), |chat| format!("{:?}", chat.title())),
    )?;
    let night = NewChat::titled("Database down")
        .users([org::ANNA, org::BEN])
        .group(org::ON_CALL)
        .admin(org::ANNA)
        .avatar(files::avatar())
        .message("This is where we mend it.")
        .is_alert(true);
    let chat = diary.note(
        sandbox,
        "create_chat",
        || H::wait(chats.create_chat(night)),
        |chat| format!("{:?} with {}", chat.title(), people::names(chat.user_members())),
    )?;
    diary.note(
        sandbox,
        "get_by_title",
        || H::wait(chats.by_title("Database down")),
        |found| format!("{} chat", found.len()),
    )?;
    let first = NewOneToOne::with(org::DAVID).message("Are you awake? You are on call.");
    diary.note(
        sandbox,
        "create_one2one_chat",
        || H::wait(chats.create_one_to_one_chat(first)),
        |chat| format!("with {}", people::names(chat.user_members())),
    )?;
    local(diary, sandbox, "get_user_members", || people::names(chat.user_members()))?;
    local(diary, sandbox, "get_group_members", || {
        chat.group_members().iter().map(|group| group.title.clone()).collect::<Vec<_>>().join(", ")
    })?;
    local(diary, sandbox, "get_admins", || people::names(chat.admins()))?;
    Ok(chat)
}

/// It raises the alarm, with the log attached, and people react.
fn alert<H: Harness>(client: &Client<H::X>, chat: &Chat<H::X>, sandbox: &Sandbox, diary: &mut Diary) -> Told {
    let chats = client.chats();
    let mut reactions = chats.reaction_updates(Follow::from_now());
    // Subscribed before the alert, so that no reaction is missed.
    begin::<H, _>(&mut reactions)?;

    let mut attachments = chat.new_attachments();
    local(diary, sandbox, "new_attachments", || {
        attachments.add(files::watched(Upload::bytes("database.log", files::log()), "sending database.log"));
        format!("{} attached", attachments.len())
    })?;
    let draft = Draft::text("The database of the control room is down")
        .alert(AlertType::Alert)
        .sender_display_name("Monitoring")
        .attach_all(attachments);
    let alert = diary.note(
        sandbox,
        "post",
        || H::wait(chat.post(draft)),
        |message| format!("an alert with {} attachment", message.attachments.len()),
    )?;
    files::read_back::<H>(client, &alert)?;

    sandbox.as_person(org::ANNA).react(chat.tid().as_str(), alert.mid.as_str(), "ok")?;
    diary.note(
        sandbox,
        "subscribe_am_reaction_updates",
        || next_item::<H, _>(&mut reactions),
        |reaction| people::reactions([reaction]),
    )?;
    H::stop(&mut reactions);
    diary.note(sandbox, "get_am_reactions", || H::wait(chat.reactions(&alert)), |all| people::reactions(all))?;

    let shift =
        sandbox.as_person(org::BEN).post_alert(chat.tid().as_str(), "The night shift is coming in", "announcement")?;
    let messages =
        diary.note(sandbox, "get_messages", || H::wait(chat.messages(None)), |it| people::texts(&it.messages))?;
    let announcement = messages.messages.iter().find(|message| message.mid == shift.as_str());
    let announcement = announcement.ok_or("the announcement is not there")?;
    let applause = diary.note(
        sandbox,
        "send_am_reaction",
        || H::wait(chat.send_reaction(announcement, ReactionType::Applause)),
        |reaction| format!("{:?}", reaction.reaction_type),
    )?;
    diary.note(
        sandbox,
        "update_am_reaction",
        || H::wait(chat.update_reaction(&applause, ReactionType::ThumbsUp)),
        |reaction| format!("{:?}", reaction.reaction_type),
    )?;
    diary.note(
        sandbox,
        "unsubscribe_am_reaction_updates",
        || H::wait(chats.unsubscribe_reaction_updates()),
        |()| "no more reactions",
    )?;
    sandbox.as_person(org::ANNA).mark_read(chat.tid().as_str())?;
    diary.note(sandbox, "mark_as_read", || H::wait(chat.mark_as_read()), |users| people::names(users))?;
    diary.note(sandbox, "get_readers", || H::wait(chat.readers()), |users| people::names(users))?;
    #[expect(deprecated, reason = "the tour performs every operation")]
    diary.note(sandbox, "pull_chat_feed", || H::wait(chat.pull_chat_feed(None)), |it| people::texts(&it.messages))?;
    Ok(())
}

/// The bot's van moves out to the data centre, and so does Farid.
fn move_out<H: Harness>(client: &Client<H::X>, chat: &Chat<H::X>, sandbox: &Sandbox, diary: &mut Diary) -> Told {
    let chats = client.chats();
    let depot = Coordinates::new(52.5200, 13.4050)?;
    H::wait(chat.post(Draft::text("The van is on its way").attach(LiveLocation::new(depot, ShareDuration::OneHour))))?;
    let mut locations = chat.live_locations(Follow::from_now());
    begin::<H, _>(&mut locations)?;

    local(diary, sandbox, "has_location_sharing_active_chats", || {
        if chats.has_location_sharing_active_chats() { "yes" } else { "no" }.to_owned()
    })?;
    local(diary, sandbox, "get_location_sharing_active_chats", || {
        format!("{} chat", chats.location_sharing_active_chats().len())
    })?;
    let bridge = Coordinates::new(52.5163, 13.3777)?;
    diary.note(
        sandbox,
        "update_shared_location",
        || H::wait(chats.update_shared_location(bridge)),
        |()| "at the bridge",
    )?;
    diary.note(
        sandbox,
        "subscribe_live_location_updates",
        || next_item::<H, _>(&mut locations),
        |at| format!("{} at {:.4}, {:.4}", at.user.first_name, at.coordinates.lat(), at.coordinates.lon()),
    )?;
    H::stop(&mut locations);
    sandbox.as_person(org::ANNA).share(chat.tid().as_str(), 52.5, 13.4, ShareDuration::OneHour.as_duration())?;
    diary.note(
        sandbox,
        "get_active_shared_locations",
        || H::wait(chat.active_shared_locations()),
        |count| format!("{count} shared"),
    )?;
    diary.note(
        sandbox,
        "stop_sharing_location",
        || H::wait(chat.stop_sharing_location()),
        |()| "the van has arrived",
    )?;
    diary.note(
        sandbox,
        "unsubscribe_location_updates",
        || H::wait(chat.unsubscribe_location_updates()),
        |()| "no more locations",
    )?;
    Ok(())
}

/// The chat changes with the night.
fn administer<H: Harness>(chat: &mut Chat<H::X>, sandbox: &Sandbox, diary: &mut Diary) -> Told {
    diary.note(sandbox, "update_title", || H::wait(chat.update_title("Database is back")), |()| "Database is back")?;
    diary.note(
        sandbox,
        "add_members",
        || H::wait(chat.add_members([org::GRETA], [org::CONTROL_ROOM])),
        |()| "Greta and the control room",
    )?;
    diary.note(
        sandbox,
        "remove_members",
        || H::wait(chat.remove_members([org::BEN], None::<&str>)),
        |()| "Ben goes home",
    )?;
    diary.note(sandbox, "add_admin", || H::wait(chat.add_admin(org::GRETA)), |()| "Greta")?;
    diary.note(sandbox, "remove_admin", || H::wait(chat.remove_admin(org::ANNA)), |()| "Anna")?;
    diary.note(sandbox, "set_allow_sending", || H::wait(chat.set_allow_sending(false)), |()| "only admins post")?;
    diary.note(
        sandbox,
        "set_allow_mute_notifications",
        || H::wait(chat.set_allow_mute_notifications(false)),
        |()| "nobody mutes it",
    )?;
    diary.note(sandbox, "set_avatar", || H::wait(chat.set_avatar(files::avatar())), |()| "a new one")?;
    diary.note(
        sandbox,
        "load_avatar",
        || H::wait(chat.load_avatar()),
        |jpeg| format!("{} bytes of JPEG", jpeg.len()),
    )?;
    diary.note(sandbox, "remove_avatar", || H::wait(chat.remove_avatar()), |()| "none")?;
    Ok(())
}

/// It is morning.
fn go_home<H: Harness>(_: &Client<H::X>, chat: &mut Chat<H::X>, sandbox: &Sandbox, diary: &mut Diary) -> Told {
    diary.note(sandbox, "close", || H::wait(chat.close()), |()| "the night is over")?;
    diary.note(sandbox, "reopen", || H::wait(chat.reopen()), |()| "it is not")?;
    diary.note(sandbox, "leave", || H::wait(chat.leave()), |()| "the bot goes")?;
    Ok(())
}

/// Notes an operation that makes no request.
fn local(
    diary: &mut Diary,
    sandbox: &Sandbox,
    operation: &'static str,
    look: impl FnOnce() -> String,
) -> Result<String, Error> {
    diary.note(sandbox, operation, || Ok(look()), Clone::clone)
}

type Events<H, T> = <<H as Harness>::X as Executor>::Events<Poller<T>>;

/// Waits until a feed has begun, so that nothing after this is missed.
fn begin<H: Harness, T>(events: &mut Events<H, T>) -> Told
where
    Poller<T>: Feed<Event = FeedEvent<T>> + 'static,
{
    match H::next(events).ok_or("the feed ended before it began")?? {
        FeedEvent::Started(_) => Ok(()),
        _ => Err("the feed did not begin with its beginning".into()),
    }
}

/// Waits for the next thing that happens.
fn next_item<H: Harness, T>(events: &mut Events<H, T>) -> Result<T, Error>
where
    Poller<T>: Feed<Event = FeedEvent<T>> + 'static,
{
    loop {
        let event = H::next(events).unwrap_or(Err(Error::Finished))?;
        if let Some(item) = event.into_item() {
            return Ok(item);
        }
    }
}
