//! What a request asks, and what its reply says: as the contract has it, without the core's help.

use std::time::Duration;

use http::{Method, Response, header};
use serde_json::Value;
use teamwire_core::{Body, Fault, FaultKind, Reply};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Subscribe,
    Poll { subscription: Option<String>, cursor: Option<String> },
    Unsubscribe(String),
    Other,
}

impl Ask {
    pub(super) fn of(request: &http::Request<Body>) -> Self {
        let (method, path) = (request.method(), request.uri().path());
        if *method == Method::PUT && path.ends_with("/subscriptions") {
            return Self::Subscribe;
        }
        if *method == Method::GET && path.ends_with("/updates") {
            let query = request.uri().query().unwrap_or_default();
            let get = |name: &str| query.split('&').filter_map(|it| it.split_once('=')).find(|(key, _)| *key == name);
            let subscription = get("subscription").map(|(_, id)| id.to_owned());
            let cursor = get("cursor").map(|(_, cursor)| cursor.to_owned());
            return Self::Poll { subscription, cursor };
        }
        match path.rsplit_once("/subscriptions/") {
            Some((_, id)) if *method == Method::DELETE => Self::Unsubscribe(id.to_owned()),
            _ => Self::Other,
        }
    }
}

/// What a reply says to a feed.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    /// What happened until there.
    Batch(usize),
    /// Where the feed is now.
    Cursor(usize),
    Lease {
        id: String,
        at: usize,
    },
    /// Something that a feed does not go by.
    Else,
    LeaseExpired,
    CursorExpired,
    Unsubscribed,
    NotFound,
    Unauthorized,
    /// Trouble that may pass, and how long the server asks to wait.
    Trouble(Option<Duration>),
    /// A connection that had gone stale was lost before the first byte.
    Stale,
}

/// A reply on its way to the client.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) reply: Reply,
    pub(super) heard: Heard,
}

impl Word {
    pub(super) fn fault(fault: Fault) -> Self {
        let stale = fault.kind == FaultKind::Lost && fault.reused && fault.received == 0;
        let heard = if stale { Heard::Stale } else { Heard::Trouble(None) };
        Self { reply: Reply::Fault(fault), heard }
    }

    /// An answer that came through as it was made.
    pub(super) fn answer(ask: &Ask, response: Response<Vec<u8>>, position: usize) -> Self {
        let heard = if response.status().is_success() {
            match ask {
                Ask::Subscribe => Heard::Lease { id: text(response.body(), "id"), at: position },
                Ask::Poll { cursor: Some(_), .. } => Heard::Batch(position),
                Ask::Poll { cursor: None, .. } => Heard::Cursor(position),
                Ask::Unsubscribe(_) | Ask::Other => Heard::Else,
            }
        } else {
            let code = text(response.body(), "code");
            match (response.status().as_u16(), code.as_str()) {
                (401, _) => Heard::Unauthorized,
                (404, "not_found") => Heard::NotFound,
                (409, "lease_expired") => Heard::LeaseExpired,
                (410, "cursor_expired") => Heard::CursorExpired,
                (410, "unsubscribed") => Heard::Unsubscribed,
                (429, _) => Heard::Trouble(retry_after(&response)),
                (408 | 500.., _) | (409, "in_progress") => Heard::Trouble(None),
                _ => Heard::Else,
            }
        };
        Self { reply: Reply::Response(response), heard }
    }

    /// An answer that was changed on its way, so that it is none any more.
    pub(super) fn spoilt(response: Response<Vec<u8>>, retry_after: Option<Duration>) -> Self {
        Self { reply: Reply::Response(response), heard: Heard::Trouble(retry_after) }
    }
}

fn retry_after(response: &Response<Vec<u8>>) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn text(json: &[u8], field: &str) -> String {
    let json: Value = serde_json::from_slice(json).unwrap_or_default();
    json[field].as_str().unwrap_or_default().to_owned()
}
