//! All requests: login, session cookie and error responses.

use http::{Request, header};
use serde::{Deserialize, Serialize};
use teamwire_core::{
    Credentials, Error, ErrorKind,
    effect::Body,
    protocol::{Attempt, Endpoint, Refusal, ResponseReader, Route, Token, Wire},
};

use crate::Second;

/// The name of the session cookie, as it begins in `Cookie` and `Set-Cookie`.
const COOKIE: &str = "session=";

impl Wire for Second {
    /// Adds the session cookie.
    fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>) {
        if let Some(cookie) = attempt.token(COOKIE) {
            request.headers_mut().insert(header::COOKIE, cookie);
        }
    }

    /// `{ "error": { "id": .., "text": .. } }`.
    fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal> {
        let ErrorJson { error } = serde_json::from_slice(response.body()).ok()?;
        let text = error.text.unwrap_or_default();
        let refusal = match error.id.as_str() {
            "sessionExpired" => Refusal::new(ErrorKind::Auth).login_expired(),
            "wrongPassword" | "forbidden" => Refusal::new(ErrorKind::Auth),
            "notFound" => Refusal::new(ErrorKind::NotFound),
            "invalidMembers" => Refusal::new(ErrorKind::InvalidMembers).invalid_members(error.ids),
            "membersLocked" => Refusal::new(ErrorKind::UpdateMembersNotAllowed),
            "leavingLocked" => Refusal::new(ErrorKind::LeaveChatNotAllowed),
            "closingLocked" => Refusal::new(ErrorKind::CloseChatNotAllowed),
            "receiptsDisabled" => Refusal::new(ErrorKind::ReadReceiptsDisabled),
            "noImage" => Refusal::new(ErrorKind::ImageLoad),
            "imageLocked" => Refusal::new(ErrorKind::ImageRemove),
            "tooManyRequests" => Refusal::new(ErrorKind::RateLimited).transient(true),
            "invalid" => Refusal::new(ErrorKind::InvalidRequest),
            "conflict" => Refusal::new(ErrorKind::Conflict),
            // The request may have been performed before the server failed.
            "failed" => Refusal::new(ErrorKind::Server).transient(true).uncertain(true),
            _ => {
                let refusal = Refusal::by_status(response.status());
                return Some(refusal.unknown_code(error.id).message(text));
            }
        };
        Some(refusal.code(error.id).message(text))
    }

    /// `POST api/login/`: the token is the value of the session cookie.
    fn login(&self, credentials: &Credentials) -> Result<Option<Endpoint<Token>>, Error> {
        let body = LoginJson { user: credentials.app_id(), password: credentials.secret() };
        let post = Endpoint::post(Route::new("api/login/")).json(&body)?.repeatable();
        Ok(Some(post.reads(|response| match cookie(response) {
            Some(session) => Token::new(session),
            None => Err(response.violation("the response to the login has no session cookie")),
        })))
    }
}

fn cookie<'a>(response: &'a ResponseReader<'_>) -> Option<&'a str> {
    let mut cookies = response.headers().get_all(header::SET_COOKIE).iter();
    cookies.find_map(|cookie| cookie.to_str().ok()?.split(';').next()?.strip_prefix(COOKIE))
}

#[derive(Serialize)]
struct LoginJson<'a> {
    user: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct ErrorJson {
    error: ErrorDetails,
}

#[derive(Deserialize)]
struct ErrorDetails {
    id: String,
    /// An error without a text is an error all the same.
    text: Option<String>,
    /// Those that are invalid.
    #[serde(default)]
    ids: Vec<String>,
}
