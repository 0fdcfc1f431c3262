//! A protocol that states in each error response what it means, and its scripts.

use std::time::Duration;

use http::{Request, header};
use serde_json::{Value, json};
use teamwire_core::{
    Client, Credentials, Draft, Error, ErrorKind, Message, NewChat, User,
    effect::Body,
    model::{Asset, ChatInfo, ChatType, MessageId, ThreadId},
    protocol::{
        Assets, Attached, Attempt, Batch, BatchItem, Chats, Contacts, Dated, Endpoint, EndpointResult, ExpectedContent,
        FeedSource, Feeds, Locations, Members, Messages, Page, PageRequest, PollRequest, Reactions, Refusal,
        ResponseReader, Route, Token, Wire,
    },
    script::{Expect, Respond, Script},
};
use teamwire_tests::operations;

/// A protocol without what the default one promises: posts are sent once, and changes return nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plain {
    pub(crate) has_login: bool,
    pub(crate) has_readers: bool,
}

pub(crate) const WITH_LOGIN: Plain = Plain { has_login: true, has_readers: false };

impl Wire for Plain {
    fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>) {
        if let Some(cookie) = attempt.token("session=") {
            request.headers_mut().insert(header::COOKIE, cookie);
        }
    }

    fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal> {
        if response.status().is_redirection() {
            let location = response.headers().get(header::LOCATION)?;
            return (location == "/login").then(|| Refusal::new(ErrorKind::Auth).login_expired());
        }
        if response.headers().contains_key("x-login-page") {
            return Some(Refusal::new(ErrorKind::Auth).login_expired());
        }
        let json: Value = serde_json::from_slice(response.body()).ok()?;
        let kind = match json["kind"].as_str()? {
            "limit" => ErrorKind::RateLimited,
            "auth" => ErrorKind::Auth,
            _ => ErrorKind::Server,
        };
        let is = |name: &str| json[name].as_bool().unwrap_or_default();
        let refusal = Refusal::new(kind).transient(is("transient")).uncertain(is("uncertain"));
        let refusal = refusal.message(json["text"].as_str().unwrap_or_default());
        let seconds = json["seconds"].as_u64().map(Duration::from_secs);
        let refusal = seconds.into_iter().fold(refusal, Refusal::retry_after);
        Some(if is("expired") { refusal.login_expired() } else { refusal })
    }

    fn login(&self, credentials: &Credentials) -> Result<Option<Endpoint<Token>>, Error> {
        if !self.has_login {
            return Ok(None);
        }
        let body = json!({ "user": credentials.app_id(), "password": credentials.secret() });
        let login = Endpoint::post(Route::new("login")).json(&body)?;
        Ok(Some(login.reads(|response| {
            let json: Value = response.deserialize()?;
            Token::new(json["token"].as_str().unwrap_or_default())
        })))
    }
}

fn message(json: &Value) -> Option<Message> {
    let (mid, tid) = (json["id"].as_str()?, json["chat"].as_str()?);
    let user = User::new("u1", "Anna", "Maier");
    Some(Message::new(MessageId::from(mid), ThreadId::from(tid), user, chrono::DateTime::UNIX_EPOCH))
}

impl Messages for Plain {
    /// The response `{ "unsupported": true }` has the reader return that error.
    fn post(&self, chat: &ThreadId, draft: &Draft, _: &[Attached]) -> EndpointResult<Dated<Message>> {
        let post = Endpoint::post(Route::new("chats").id(chat)?.join("messages")).once();
        Ok(post.json(&json!({ "text": draft.text }))?.reads(|response| {
            let json: Value = response.deserialize()?;
            if json["unsupported"] == true {
                return Err(Error::unsupported("polls"));
            }
            let message = message(&json).ok_or_else(|| response.violation("it is not a message"))?;
            Ok(response.dated(message))
        }))
    }
}

impl Chats for Plain {
    fn chat(&self, chat: &ThreadId) -> EndpointResult<Option<ChatInfo>> {
        Ok(Endpoint::get(Route::new("chats").id(chat)?).reads(|response| {
            let json: Value = response.deserialize()?;
            Ok(json["id"].as_str().map(|id| ChatInfo::new(id, ChatType::Group)))
        }))
    }

    fn chats_by_title(&self, title: &str, page: PageRequest<'_>) -> EndpointResult<Page<ChatInfo>> {
        let route = Route::new("chats").query("title", title).query("after", page.cursor.unwrap_or_default());
        Ok(Endpoint::get(route).reads(|response| {
            let json: Value = response.deserialize()?;
            Ok(Page::new(Vec::new()).next(json["next"].as_str().map(Into::into)))
        }))
    }

    fn create_chat(&self, _: &NewChat, _: Option<&Attached>, _: &[Attached]) -> EndpointResult<ChatInfo> {
        Ok(Endpoint::post(Route::new("chats")).once().reads(|response| Err(response.violation("it is not a chat"))))
    }
}

impl Members for Plain {
    fn readers(&self, chat: &ThreadId, _: PageRequest<'_>) -> EndpointResult<Page<User>> {
        if !self.has_readers {
            return Err(Error::unsupported("readers"));
        }
        Ok(Endpoint::get(Route::new("chats").id(chat)?.join("readers")).reads(|_| Ok(Page::new(Vec::new()))))
    }

    fn mark_as_read(&self, chat: &ThreadId) -> EndpointResult<Option<Page<User>>> {
        Ok(Endpoint::post(Route::new("chats").id(chat)?.join("read")).once().reads(|_| Ok(None)))
    }
}

impl Contacts for Plain {
    fn me(&self) -> EndpointResult<User> {
        Ok(Endpoint::get(Route::new("me")).reads(|_| Ok(User::new("bot", "Bot", ""))))
    }
}

impl Feeds for Plain {
    fn unsubscribe_all(&self, _: &FeedSource) -> EndpointResult<()> {
        Ok(Endpoint::delete(Route::new("subscriptions")).best_effort())
    }

    fn message_updates(&self, _: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Message>> {
        let route = Route::new("poll").query("after", poll.cursor.unwrap_or_default());
        Ok(Endpoint::get(route).reads(|response| {
            let json: Value = response.deserialize()?;
            let items = json["items"].as_array().into_iter().flatten().map(|item| {
                let raw = item["id"].to_string();
                let read = message(item).ok_or_else(|| response.undecoded(raw.as_bytes(), "it is not a message"));
                let read = BatchItem::new(raw, read);
                match item["cursor"].as_str() {
                    Some(cursor) => read.at(cursor),
                    None => read,
                }
            });
            Ok(Batch::new(json["cursor"].as_str().unwrap_or_default()).items(items.collect::<Vec<_>>()))
        }))
    }
}

impl Assets for Plain {
    fn download(&self, asset: &Asset) -> EndpointResult<Vec<u8>> {
        let get = Endpoint::get(Route::new("files").id(&asset.asset_id)?);
        Ok(get.returns_content(ExpectedContent::asset(asset)).reads(|response| response.content()))
    }
}
impl Locations for Plain {}
impl Reactions for Plain {}

pub(crate) fn script(protocol: Plain) -> Script {
    Script::with_config(operations::config().with_protocol(protocol))
}

/// Posts to the chat `c1`.
pub(crate) fn post(script: &Script) -> Result<(), Error> {
    Client::new(script.clone()).chats().chat("c1").post("hello").map(drop)
}

pub(crate) fn expect_login() -> Expect {
    Expect::post("/login")
}

pub(crate) fn token(text: &str) -> Respond {
    Respond::json(200, json!({ "token": text }))
}

/// Expects a post with this token.
pub(crate) fn expect_post(token: &str) -> Expect {
    Expect::post("/chats/c1/messages").header("cookie", format!("session={token}"))
}

pub(crate) fn posted() -> Respond {
    Respond::json(201, json!({ "id": "m1", "chat": "c1" }))
}

pub(crate) fn expired() -> Respond {
    Respond::json(401, json!({ "kind": "auth", "expired": true }))
}
