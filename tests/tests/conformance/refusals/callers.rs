//! The parts of the client that send the requests of the contract.

use std::fmt::Debug;

use teamwire_core::{
    Draft, Error, FeedEvent, NewChat,
    executor::Executor,
    model::{Attachment, Image, Upload},
};
use teamwire_sandbox::org;
use teamwire_tests::{
    Fixture, Refusal,
    contract::Contract,
    harness::Harness,
    operations::{AVATAR, Bot, Operation, Subscription},
};

use super::causes;

/// A part of the client that sends a request of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Once(Operation),
    Upload,
    Download,
    /// A feed that follows.
    Poll(Subscription),
    /// A feed that starts.
    Subscribe(Subscription),
    /// A feed that is stopped.
    Unsubscribe(Subscription),
}

/// The outcome of a call.
#[derive(Debug)]
pub(super) enum Outcome {
    /// That of an operation, as text.
    Completed(Result<String, Error>),
    /// The next event of a feed.
    Event(Option<Result<FeedEvent<String>, Error>>),
    /// A feed has ended, because it was stopped.
    Stopped,
}

impl Caller {
    /// Those that send a request of this route, such as `GET /v1/chats/{tid}`.
    pub(super) fn all_of(route: &str) -> Vec<Self> {
        let operations = Operation::ALL.iter().map(|operation| Self::Once(*operation));
        let feeds = Subscription::ALL.iter();
        let feeds = feeds.flat_map(|feed| [Self::Poll(*feed), Self::Subscribe(*feed), Self::Unsubscribe(*feed)]);
        let all = operations.chain([Self::Upload, Self::Download]).chain(feeds);
        all.filter(|caller| caller.route().is_some_and(|it| it == route)).collect()
    }

    fn route(self) -> Option<String> {
        let subscriptions = |feed: Subscription| {
            let path = feed.polls().strip_prefix("GET ").and_then(|path| path.strip_suffix("/updates"));
            path.filter(|_| feed.is_leased()).map(|path| format!("{path}/subscriptions"))
        };
        match self {
            Self::Once(operation) => Some(Contract::load().route(operation.route())),
            Self::Upload => Some("POST /v1/assets".to_owned()),
            Self::Download => Some("GET /v1/assets/{id}".to_owned()),
            Self::Poll(feed) => Some(feed.polls().to_owned()),
            Self::Subscribe(feed) => subscriptions(feed).map(|path| format!("PUT {path}")),
            Self::Unsubscribe(feed) => subscriptions(feed).map(|path| format!("DELETE {path}/{{id}}")),
        }
    }

    /// Returns false for a code that only another caller of the same route can get.
    pub(super) fn can_get(self, code: &str) -> bool {
        // The route also creates group chats; a one-to-one chat has no avatar.
        self != Self::Once(Operation::CreateOneToOneChat) || code != "image_load"
    }

    /// Sends the request after the cause of a refusal.
    pub(super) fn call<H: Harness>(self, fixture: &Fixture<H>, refusal: &Refusal) -> Outcome {
        let mut bot = fixture.bot();
        let cause = |bot: &mut Bot<H::X>| causes::arrange(fixture, bot, self, refusal);
        match self {
            Self::Once(operation) => {
                cause(&mut bot);
                let special = special(fixture, &mut bot, operation, &refusal.2);
                Outcome::Completed(special.unwrap_or_else(|| fixture.run(operation, &mut bot)))
            }
            Self::Upload => {
                cause(&mut bot);
                Outcome::Completed(text(fixture, bot.chat.post(with_file())))
            }
            Self::Download => {
                let message = fixture.ok(bot.chat.post(with_file()));
                let [Attachment::File(asset)] = message.attachments.as_slice() else { panic!("{message:?}") };
                cause(&mut bot);
                Outcome::Completed(text(fixture, bot.client.chats().download(asset)))
            }
            Self::Subscribe(feed) => {
                cause(&mut bot);
                Outcome::Event(feed.follow::<H>(&bot.client, None).event())
            }
            Self::Poll(feed) => {
                let mut events = feed.follow::<H>(&bot.client, None);
                events.expect_started();
                cause(&mut bot);
                Outcome::Event(events.event())
            }
            Self::Unsubscribe(feed) => {
                let mut events = feed.follow::<H>(&bot.client, None);
                events.expect_started();
                cause(&mut bot);
                events.stop();
                events.expect_end();
                Outcome::Stopped
            }
        }
    }
}

/// The outcome of an operation with arguments that cause the refusal.
fn special<H: Harness>(
    fixture: &Fixture<H>,
    bot: &mut Bot<H::X>,
    operation: Operation,
    code: &str,
) -> Option<Result<String, Error>> {
    match (operation, code) {
        (Operation::SetAvatar, "image_load") => Some(text(fixture, bot.chat.set_avatar(undecodable()))),
        (Operation::CreateChat, "image_load") => {
            let chat = NewChat::titled("Ward 3").avatar(undecodable());
            Some(text(fixture, bot.client.chats().create_chat(chat)))
        }
        (Operation::Group, "not_found") => Some(text(fixture, bot.client.contacts().group("g-unknown"))),
        (Operation::RemoveAdmin, "conflict") => Some(text(fixture, bot.chat.remove_admin(org::BOT))),
        _ => None,
    }
}

fn text<'a, H: Harness, T: Debug + Send + 'a>(
    fixture: &Fixture<H>,
    run: <H::X as Executor>::Run<'a, T>,
) -> Result<String, Error>
where
    H::X: 'a,
{
    fixture.wait(run).map(|output| format!("{output:?}"))
}

fn with_file() -> Draft {
    Draft::text("the plan").attach(Upload::from_bytes("plan.txt", "stay calm"))
}

/// A JPEG with a fill byte before its first marker: valid for the client, but not for the decoder of the sandbox.
fn undecodable() -> Image {
    let (start, rest) = AVATAR.split_at(2);
    Image::from_bytes([start, &[0xFF], rest].concat())
}
