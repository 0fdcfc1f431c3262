//! A protocol with one operation and a login.

use http::{HeaderValue, Request, StatusCode, header};
use teamwire_core::{
    Credentials, Error, ErrorKind,
    effect::Body,
    model::ThreadId,
    protocol::{
        Assets, Attempt, Chats, Contacts, Endpoint, EndpointResult, Feeds, Locations, Members, Messages, Reactions,
        Refusal, ResponseReader, Route, Token, Wire,
    },
};

/// The path of the login.
pub(super) const LOGIN: &str = "/session";
/// The code of a refusal because of the token.
pub(super) const EXPIRED: &str = "expired";

#[derive(Debug)]
pub(super) struct LoginProtocol {
    /// Operations are sent once. Otherwise they have an idempotency key.
    pub(super) is_once: bool,
}

impl Wire for LoginProtocol {
    fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>) {
        if let Some(token) = attempt.token("Bearer ") {
            request.headers_mut().insert(header::AUTHORIZATION, token);
        }
        if let Some(key) = attempt.idempotency_key().and_then(|key| HeaderValue::try_from(key).ok()) {
            request.headers_mut().insert("idempotency-key", key);
        }
    }

    fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal> {
        match response.status() {
            StatusCode::UNAUTHORIZED => Some(Refusal::new(ErrorKind::Auth).code(EXPIRED).login_expired()),
            StatusCode::SERVICE_UNAVAILABLE => Some(Refusal::new(ErrorKind::Server).transient(true)),
            _ => None,
        }
    }

    fn login(&self, _: &Credentials) -> Result<Option<Endpoint<Token>>, Error> {
        let login = Endpoint::post(Route::new("session"));
        Ok(Some(login.reads(|response| Token::new(String::from_utf8_lossy(response.body())))))
    }
}

impl Chats for LoginProtocol {
    fn leave_chat(&self, chat: &ThreadId) -> EndpointResult<()> {
        let leave = Endpoint::post(Route::new("chats").id(chat)?);
        Ok(if self.is_once { leave.once() } else { leave.keyed(None) })
    }
}

impl Messages for LoginProtocol {}
impl Members for LoginProtocol {}
impl Reactions for LoginProtocol {}
impl Locations for LoginProtocol {}
impl Contacts for LoginProtocol {}
impl Assets for LoginProtocol {}
impl Feeds for LoginProtocol {}
