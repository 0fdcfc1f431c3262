//! A protocol with a login, on the public API of the port: the contract of this project with a token in place of the
//! credentials.

use std::collections::BTreeMap;

use http::{HeaderValue, Request, StatusCode, header};
use serde_json::{Value, json};
use teamwire_core::{
    Credentials, Draft, Error, ErrorKind,
    effect::{Body, Form},
    model::{Asset, ChatInfo, Coordinates, Message, ThreadId, User},
    protocol::{
        Assets, Attached, Attempt, Chats, Contacts, Dated, Endpoint, EndpointResult, FeedSource, Feeds, FileKey,
        FilePart, Lease, Locations, Members, Messages, PollRequest, Reactions, Refusal, ResponseReader, Route, Token,
        V1, Wire,
    },
};

/// A protocol with a login, and with less than the contract promises if its fields say so.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenProtocol {
    /// Posts have no idempotency key: they are sent once.
    pub posts_once: bool,
    /// Changes of a chat return nothing.
    pub returns_nothing: bool,
    /// The credentials are sent with each request, and there is no login.
    pub without_login: bool,
    /// Posts are forms with the text and the files, and have an idempotency key.
    pub encloses_files: bool,
}

impl TokenProtocol {
    /// The path of the login.
    pub const LOGIN: &str = "/session";
    /// The code of the refusal of a request whose token has expired.
    pub const EXPIRED: &str = "login_expired";

    /// The same code for a refusal that is transient as well.
    pub const EXPIRED_FOR_NOW: &str = "login_expired_for_now";
    /// The code of a limit, with any status.
    pub const TOO_FAST: &str = "too_fast";

    /// Returns the response to a login.
    pub fn token(text: &str) -> Value {
        json!({ "token": text })
    }

    fn change(self, chat: &ThreadId, endpoint: EndpointResult<Option<ChatInfo>>) -> EndpointResult<Option<ChatInfo>> {
        if self.returns_nothing {
            let route = Route::new("v1/chats").id(chat)?.join("change");
            return Ok(Endpoint::post(route).repeatable().reads(|_| Ok(None)));
        }
        endpoint
    }
}

impl Wire for TokenProtocol {
    fn authorization(&self, credentials: &Credentials) -> Option<HeaderValue> {
        V1.authorization(credentials).filter(|_| self.without_login)
    }

    fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>) {
        V1.prepare(request, attempt);
        if let Some(token) = attempt.token("Bearer ") {
            request.headers_mut().insert(header::AUTHORIZATION, token);
        }
    }

    fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal> {
        let code = || serde_json::from_slice::<Value>(response.body()).ok()?.get("code").cloned();
        if response.status() == StatusCode::UNAUTHORIZED && code().is_some_and(|code| code == Self::EXPIRED) {
            let message = String::from_utf8_lossy(response.body()).into_owned();
            return Some(Refusal::new(ErrorKind::Auth).code(Self::EXPIRED).message(message).login_expired());
        }
        match code().as_ref().and_then(Value::as_str) {
            Some(Self::EXPIRED_FOR_NOW) => Some(Refusal::new(ErrorKind::Auth).login_expired().transient(true)),
            Some(Self::TOO_FAST) => Some(Refusal::new(ErrorKind::RateLimited).transient(true)),
            _ => V1.refusal(response),
        }
    }

    fn login(&self, credentials: &Credentials) -> Result<Option<Endpoint<Token>>, Error> {
        if self.without_login {
            return Ok(None);
        }
        let body = json!({ "app_id": credentials.app_id(), "secret": credentials.secret() });
        let login = Endpoint::post(Route::new("session")).json(&body)?;
        Ok(Some(login.reads(|response| {
            let mut members: BTreeMap<String, String> = response.deserialize()?;
            let token = members.remove("token").ok_or_else(|| response.violation("there is no token"))?;
            Token::new(token)
        })))
    }
}

impl Messages for TokenProtocol {
    fn post(&self, chat: &ThreadId, draft: &Draft, files: &[Attached]) -> EndpointResult<Dated<Message>> {
        if self.encloses_files {
            let text = draft.text.as_deref().unwrap_or_default();
            let form = files.iter().try_fold(Form::new().text("text", text), |form, file| match file {
                Attached::Enclosed(file) => form.file("file", &file.name, &file.media_type, file.content.clone()),
                _ => Ok(form),
            })?;
            return Ok(V1.post(chat, &Draft::text(text), &[])?.keyed(draft.idempotency_key.clone()).form(form));
        }
        let post = V1.post(chat, draft, files)?;
        Ok(if self.posts_once { post.once() } else { post })
    }
}

impl Chats for TokenProtocol {
    fn chat(&self, chat: &ThreadId) -> EndpointResult<Option<ChatInfo>> {
        V1.chat(chat)
    }

    fn update_title(&self, chat: &ThreadId, title: &str) -> EndpointResult<Option<ChatInfo>> {
        self.change(chat, V1.update_title(chat, title))
    }

    fn close_chat(&self, chat: &ThreadId) -> EndpointResult<Option<ChatInfo>> {
        self.change(chat, V1.close_chat(chat))
    }

    fn leave_chat(&self, chat: &ThreadId) -> EndpointResult<()> {
        V1.leave_chat(chat)
    }
}

impl Locations for TokenProtocol {
    fn move_location(&self, coordinates: Coordinates) -> EndpointResult<Option<Vec<ThreadId>>> {
        V1.move_location(coordinates)
    }
}

impl Contacts for TokenProtocol {
    fn me(&self) -> EndpointResult<User> {
        V1.me()
    }
}

impl Feeds for TokenProtocol {
    fn subscribe(&self, source: &FeedSource) -> Result<Option<Endpoint<Lease>>, Error> {
        V1.subscribe(source)
    }

    fn unsubscribe(&self, source: &FeedSource, lease: &str) -> EndpointResult<()> {
        V1.unsubscribe(source, lease)
    }

    fn reaction_updates(
        &self,
        source: &FeedSource,
        poll: PollRequest<'_>,
    ) -> EndpointResult<teamwire_core::protocol::Batch<teamwire_core::Reaction>> {
        V1.reaction_updates(source, poll)
    }
}

impl Members for TokenProtocol {}
impl Reactions for TokenProtocol {}

impl Assets for TokenProtocol {
    fn upload(&self, file: &FilePart, key: Option<FileKey<'_>>) -> Result<Option<Endpoint<Asset>>, Error> {
        if self.encloses_files { Ok(None) } else { V1.upload(file, key) }
    }
}
