//! Rules that hold for every protocol, and limits that are those of the default one.

use chrono::{DateTime, TimeDelta};
use http::Request;
use teamwire_core::{
    AlertType, Client, Config, Credentials, Draft, Error, Message, NewChat, Script, User,
    effect::Body,
    model::{Asset, CalendarEvent, ChatInfo, ChatType, NewAttachment, NewOneToOne, Poll, ThreadId, Upload},
    protocol::{
        Assets, Attached, Attempt, Chats, Contacts, Dated, Endpoint, EndpointResult, Feeds, FileKey, FilePart,
        Locations, Members, Messages, Reactions, Refusal, ResponseReader, Route, V1, Wire,
    },
    script::{Expect, Respond},
};

use super::{client, refused};

/// A protocol without limits, which ignores what is posted.
#[derive(Debug)]
struct Lenient;

impl Wire for Lenient {
    fn prepare(&self, _: &mut Request<Body>, _: &Attempt<'_>) {}

    fn refusal(&self, _: &ResponseReader<'_>) -> Option<Refusal> {
        None
    }
}

impl Messages for Lenient {
    fn post(&self, chat: &ThreadId, _: &Draft, _: &[Attached]) -> EndpointResult<Dated<Message>> {
        let message = Message::new("m1", chat, User::new("u1", "", ""), DateTime::UNIX_EPOCH);
        Ok(Endpoint::post(Route::new("post")).reads(move |_| Ok(Dated::new(message.clone()))))
    }
}

impl Chats for Lenient {
    fn create_chat(&self, _: &NewChat, _: Option<&Attached>, _: &[Attached]) -> EndpointResult<ChatInfo> {
        Ok(Endpoint::post(Route::new("create")).reads(|_| Ok(ChatInfo::new("c1", ChatType::Group))))
    }

    fn create_one_to_one_chat(&self, _: &NewOneToOne, _: &[Attached]) -> EndpointResult<ChatInfo> {
        Ok(Endpoint::post(Route::new("create")).reads(|_| Ok(ChatInfo::new("c1", ChatType::OneToOne))))
    }
}

impl Assets for Lenient {
    fn upload(&self, file: &FilePart, _: Option<FileKey<'_>>) -> Result<Option<Endpoint<Asset>>, Error> {
        let asset = Asset::new("a1", file.name.as_str(), file.media_type.as_str(), 0);
        Ok(Some(Endpoint::post(Route::new("upload")).reads(move |_| Ok(asset.clone()))))
    }
}

impl Members for Lenient {}
impl Reactions for Lenient {}
impl Locations for Lenient {}
impl Contacts for Lenient {}
impl Feeds for Lenient {}

/// Returns a client with the lenient protocol, on this script.
fn lenient(expect: impl FnOnce(Script) -> Script) -> Client<Script> {
    let credentials = Credentials::new("app", "a secret of the bot").expect("they are valid");
    let config = Config::new("https://example.org", credentials).expect("it is a URL");
    let config = config.with_protocol(Lenient);
    Client::new(expect(Script::with_config(config)))
}

fn options(number: usize) -> Vec<String> {
    (0..number).map(|at| at.to_string()).collect()
}

#[test]
fn rules_of_messages_hold_for_every_protocol() {
    let start = DateTime::UNIX_EPOCH;
    let cases: [(Draft, &str, &str); 6] = [
        (Draft::new(), "message", "needs text or an attachment"),
        (Draft::text(""), "message", "needs text or an attachment"),
        (Draft::text("x").alert(AlertType::Unknown("x".into())), "alert type", "cannot send"),
        (Draft::new().attach(Poll::received("?", options(1))), "poll", "2 or more options, not 1"),
        (Draft::new().attach(Poll::received("?", ["a".into(), "a".into()])), "poll", "occurs twice"),
        (
            Draft::new().attach(CalendarEvent::received("x", start, start - TimeDelta::hours(1))),
            "calendar",
            "before the start",
        ),
    ];
    for client in [client(), lenient(|script| script)] {
        for (draft, what, why) in cases.clone() {
            refused(client.chats().chat("c1").post(draft), what, why);
        }
        let poll = || Poll::received("?", options(1));
        refused(client.chats().create_chat(NewChat::titled("x").attach(poll())), "poll", "2 or more");
        refused(client.chats().create_one_to_one_chat(NewOneToOne::new("u1").attach(poll())), "poll", "2 or more");
    }
}

#[test]
fn numbers_are_limited_by_the_default_protocol() {
    let images = |number| {
        let images = (0..number).map(|at| Upload::from_bytes(format!("{at}.jpg"), "x"));
        Draft::new().attach(NewAttachment::gallery(images).expect("there are images"))
    };
    let poll = |number| Draft::new().attach(Poll::new("?", options(number)).expect("the options differ"));
    let (too_many_images, too_many_options) = (images(V1::MAX_IMAGES + 1), poll(V1::MAX_POLL_OPTIONS + 1));

    // Nothing is uploaded either.
    let chat = client().chats().chat("c1");
    refused(chat.post(too_many_images.clone()), "gallery", "at most 50 images, not 51");
    refused(chat.post(too_many_options.clone()), "poll", "at most 20 options, not 21");

    let client = lenient(|script| {
        let script = script.always(Expect::post("/upload"), Respond::status(200));
        script.always(Expect::post("/post"), Respond::status(200))
    });
    for draft in [too_many_images, too_many_options] {
        client.chats().chat("c1").post(draft).expect("this protocol has no limits");
    }
}

#[test]
fn gallery_without_images_is_refused() {
    refused(NewAttachment::gallery([]), "gallery", "at least one image");
}
