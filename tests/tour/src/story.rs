//! The story: at night, the database of the control room fails.

use std::error::Error as StdError;

use teamwire_core::{
    AlertType, Chat, Client, Config, Credentials, Draft, Error, FeedEvent, FeedOptions, NewChat, ReactionType,
    error::Cause,
    executor::Executor,
    feed::Poller,
    machine::Feed,
    model::{Coordinates, LiveLocation, NewOneToOne, ShareDuration},
};
use teamwire_sandbox::{Person, Sandbox, org};

use crate::{adapter::Adapter, files, pace::Pace, report::Report, words};

type Result<T, E = Box<dyn StdError>> = std::result::Result<T, E>;
type Events<A, T> = <<A as Adapter>::Executor as Executor>::Events<Poller<T>>;

/// Runs the story through one adapter, on this sandbox.
pub(crate) fn run_on<A: Adapter>(sandbox: &Sandbox, pace: &Pace, report: &mut Report) -> Result<()> {
    let config = Config::new(&sandbox.url(), Credentials::new(sandbox.app_id(), sandbox.secret())?)?;
    run::<A>(&A::client(config)?, sandbox, pace, report)
}

/// Runs the story through one adapter. `report` gets an entry for each operation.
pub(crate) fn run<A: Adapter>(
    client: &Client<A::Executor>,
    sandbox: &Sandbox,
    pace: &Pace,
    report: &mut Report,
) -> Result<()> {
    let mut story = Story::<A> { client, sandbox, pace, report };
    let mut chat = story.gather()?;
    story.alert(&chat)?;
    story.drive(&chat)?;
    story.administer(&mut chat)?;
    story.finish(&mut chat)
}

struct Story<'a, A: Adapter> {
    client: &'a Client<A::Executor>,
    sandbox: &'a Sandbox,
    pace: &'a Pace,
    report: &'a mut Report,
}

impl<'a, A: Adapter> Story<'a, A> {
    /// The bot finds the people on call and creates a chat for them.
    fn gather(&mut self) -> Result<Chat<A::Executor>> {
        let chats = self.client.chats();
        self.request("get_subscriptions", || A::wait(chats.list()), |chats| words::titles(chats))?;
        self.request(
            "get_by_thread_id",
            || A::wait(chats.by_thread_id(org::LOBBY)),
            |chat| chat.as_ref().map_or("none".into(), |chat| chat.title().to_owned()),
        )?;
        let night = NewChat::titled("Database down")
            .users([org::ANNA, org::BEN])
            .group(org::ON_CALL)
            .admin(org::ANNA)
            .avatar(files::avatar())
            .message("Please report your progress here.")
            .alert_chat(true);
        let chat = self.request(
            "create_chat",
            || A::wait(chats.create_chat(night)),
            |chat| format!("{:?} with {}", chat.title(), words::names(chat.user_members())),
        )?;
        self.request("get_by_title", || A::wait(chats.by_title("Database down")), |chats| words::titles(chats))?;
        let to_david = NewOneToOne::new(org::DAVID).message("You are on call: please join \"Database down\".");
        self.request(
            "create_one2one_chat",
            || A::wait(chats.create_one_to_one_chat(to_david)),
            |chat| format!("with {}", words::names(chat.user_members())),
        )?;
        self.local("get_user_members", || words::names(chat.user_members()))?;
        self.local("get_group_members", || {
            chat.group_members().iter().map(|group| group.title.clone()).collect::<Vec<_>>().join(", ")
        })?;
        self.local("get_admins", || words::names(chat.admins()))?;
        Ok(chat)
    }

    /// It posts an alert with the log attached, and people react.
    fn alert(&mut self, chat: &Chat<A::Executor>) -> Result<()> {
        let chats = self.client.chats();
        let mut reactions = chats.reaction_updates(FeedOptions::from_now());
        // Started before the alert, so that no reaction is missed.
        start::<A, _>(&mut reactions)?;

        let mut attachments = chat.new_attachments();
        self.local("new_attachments", || {
            attachments.add(files::log_upload());
            format!("{} file", attachments.len())
        })?;
        let draft = Draft::text("The database of the control room is down")
            .alert(AlertType::Alert)
            .sender_display_name("Monitoring")
            .attach_all(attachments);
        let alert = self.request(
            "post",
            || A::wait(chat.post(draft)),
            |message| format!("an alert with {} file", message.attachments.len()),
        )?;
        files::download_log::<A>(self.client, &alert)?;

        self.person(org::ANNA)?.react(chat.tid().as_str(), alert.mid.as_str(), "ok")?;
        self.request(
            "subscribe_am_reaction_updates",
            || next_item::<A, _>(&mut reactions),
            |reaction| words::reactions([reaction]),
        )?;
        A::stop(&reactions);
        self.request("get_am_reactions", || A::wait(chat.reactions(&alert)), |all| words::reactions(all))?;
        self.announcement(chat)?;
        self.request(
            "unsubscribe_am_reaction_updates",
            || A::wait(chats.unsubscribe_reaction_updates()),
            |()| "unsubscribed",
        )?;

        self.person(org::ANNA)?.mark_read(chat.tid().as_str())?;
        self.request("mark_as_read", || A::wait(chat.mark_as_read()), |users| words::read_by(users))?;
        self.request("get_readers", || A::wait(chat.readers()), |users| words::read_by(users))?;
        #[expect(deprecated, reason = "the tour performs every operation")]
        self.request("pull_chat_feed", || A::wait(chat.pull_chat_feed(None)), |it| words::texts(&it.messages))?;
        Ok(())
    }

    /// Ben posts an announcement, and the bot reacts.
    fn announcement(&mut self, chat: &Chat<A::Executor>) -> Result<()> {
        let ben = self.person(org::BEN)?;
        let mid = ben.post_alert(chat.tid().as_str(), "The night shift is on its way", "announcement")?;
        let found = self.request("get_messages", || A::wait(chat.messages(None)), |it| words::texts(&it.messages))?;
        let announcement = found.messages.iter().find(|message| message.mid == mid.as_str());
        let announcement = announcement.ok_or("the announcement is missing from the chat")?;
        let applause = self.request(
            "send_am_reaction",
            || A::wait(chat.send_reaction(announcement, ReactionType::Applause)),
            |reaction| format!("{:?}", reaction.reaction_type),
        )?;
        self.request(
            "update_am_reaction",
            || A::wait(chat.update_reaction(&applause, ReactionType::ThumbsUp)),
            |reaction| format!("{:?}", reaction.reaction_type),
        )?;
        Ok(())
    }

    /// The bot's van drives to the data centre and shares its location.
    fn drive(&mut self, chat: &Chat<A::Executor>) -> Result<()> {
        let chats = self.client.chats();
        let depot = LiveLocation::new(Coordinates::new(52.5200, 13.4050)?, ShareDuration::OneHour);
        self.pace.pause()?;
        A::wait(chat.post(Draft::text("The van is on its way").attach(depot)))?;
        let mut locations = chat.live_locations(FeedOptions::from_now());
        start::<A, _>(&mut locations)?;

        self.local("has_location_sharing_active_chats", || {
            if chats.has_location_sharing_active_chats() { "yes" } else { "no" }.into()
        })?;
        self.local("get_location_sharing_active_chats", || {
            format!("{} chat", chats.location_sharing_active_chats().len())
        })?;
        let bridge = Coordinates::new(52.5163, 13.3777)?;
        self.request(
            "update_shared_location",
            || A::wait(chats.update_shared_location(bridge)),
            |()| format!("{:.4}, {:.4}", bridge.lat(), bridge.lon()),
        )?;
        self.request(
            "subscribe_live_location_updates",
            || next_item::<A, _>(&mut locations),
            |at| format!("{} at {:.4}, {:.4}", at.user.first_name, at.coordinates.lat(), at.coordinates.lon()),
        )?;
        A::stop(&locations);

        let anna = self.person(org::ANNA)?;
        anna.share(chat.tid().as_str(), 52.5, 13.4, ShareDuration::OneHour.as_duration())?;
        self.request(
            "get_active_shared_locations",
            || A::wait(chat.active_shared_locations()),
            |count| format!("{count} locations"),
        )?;
        self.request("stop_sharing_location", || A::wait(chat.stop_sharing_location()), |()| "stopped")?;
        self.request(
            "unsubscribe_location_updates",
            || A::wait(chat.unsubscribe_location_updates()),
            |()| "unsubscribed",
        )?;
        Ok(())
    }

    /// The database is back, and the chat changes its title, members and settings.
    fn administer(&mut self, chat: &mut Chat<A::Executor>) -> Result<()> {
        self.request("update_title", || A::wait(chat.update_title("Database is back")), |()| "Database is back")?;
        self.request(
            "add_members",
            || A::wait(chat.add_members([org::GRETA], [org::CONTROL_ROOM])),
            |()| "Greta and the group Control room",
        )?;
        self.request("remove_members", || A::wait(chat.remove_members([org::BEN], None::<&str>)), |()| "Ben")?;
        self.request("add_admin", || A::wait(chat.add_admin(org::GRETA)), |()| "Greta")?;
        self.request("remove_admin", || A::wait(chat.remove_admin(org::ANNA)), |()| "Anna")?;
        self.request("set_allow_sending", || A::wait(chat.set_allow_sending(false)), |()| "only admins may post")?;
        self.request(
            "set_allow_mute_notifications",
            || A::wait(chat.set_allow_mute_notifications(false)),
            |()| "members cannot mute it",
        )?;
        self.request("set_avatar", || A::wait(chat.set_avatar(files::avatar())), |()| "set")?;
        self.request("load_avatar", || A::wait(chat.load_avatar()), |jpeg| format!("JPEG, {} bytes", jpeg.len()))?;
        self.request("remove_avatar", || A::wait(chat.remove_avatar()), |()| "removed")?;
        Ok(())
    }

    /// The chat is closed, opened once more, and the bot leaves it.
    fn finish(&mut self, chat: &mut Chat<A::Executor>) -> Result<()> {
        self.request("close", || A::wait(chat.close()), |()| "closed")?;
        self.request("reopen", || A::wait(chat.reopen()), |()| "open again")?;
        self.request("leave", || A::wait(chat.leave()), |()| "the bot has left")?;
        Ok(())
    }

    /// A person, who acts after a pause.
    fn person(&self, uid: &str) -> Result<Person<'a>> {
        self.pace.pause()?;
        Ok(self.sandbox.as_person(uid))
    }

    /// Performs and records an operation, after a pause.
    fn request<T, W: std::fmt::Display>(
        &mut self,
        operation: &'static str,
        perform: impl FnOnce() -> Result<T, Error>,
        words: impl FnOnce(&T) -> W,
    ) -> Result<T> {
        self.pace.pause()?;
        self.record(operation, perform, words)
    }

    /// Records an operation that sends no request.
    fn local(&mut self, operation: &'static str, perform: impl FnOnce() -> String) -> Result<()> {
        self.record(operation, || Ok(perform()), Clone::clone).map(drop)
    }

    fn record<T, W: std::fmt::Display>(
        &mut self,
        operation: &'static str,
        perform: impl FnOnce() -> Result<T, Error>,
        words: impl FnOnce(&T) -> W,
    ) -> Result<T> {
        let result = self.report.record(self.sandbox, operation, perform, words);
        if let Some(Ok(outcome)) = self.report.entries.last().map(|entry| &entry.result) {
            self.pace.tell(format_args!("{operation}: {outcome}"))?;
        }
        Ok(result?)
    }
}

/// Waits until a feed has started. It misses nothing from then on.
fn start<A: Adapter, T>(events: &mut Events<A, T>) -> Result<()>
where
    Poller<T>: Feed<Event = FeedEvent<T>> + 'static,
{
    match A::next(events).ok_or("the feed ended before it started")?? {
        FeedEvent::Started(_) => Ok(()),
        _ => Err("the first event of the feed is not `Started`".into()),
    }
}

/// Waits for the next item of a feed.
fn next_item<A: Adapter, T>(events: &mut Events<A, T>) -> Result<T, Error>
where
    Poller<T>: Feed<Event = FeedEvent<T>> + 'static,
{
    loop {
        let event = A::next(events).unwrap_or_else(|| Err(Cause::Finished.into()))?;
        if let Some(item) = event.into_item() {
            return Ok(item);
        }
    }
}
