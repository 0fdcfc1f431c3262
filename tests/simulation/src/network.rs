//! A hostile network: what becomes of each exchange.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use teamwire_core::{Fault, FaultKind};

use super::{
    defect::{edit, edit_items},
    protocol::{Ask, Word},
    random::Random,
};

#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Passes,
    /// No connection.
    Refused,
    LostBefore(Loss),
    LostAfter(Loss),
    /// The answer is cut, and that is seen.
    Cut,
    /// The answer is cut, and looks whole.
    Short,
    /// The answer arrives twice.
    Repeated,
    /// The answer arrives after the client gave up.
    Late,
    /// The answer reaches somebody else first.
    Astray,
    /// Something in between answers; and whether the server got the request.
    Gateway(Gateway, bool),
    /// The server has lost its subscriptions.
    Forgotten,
    /// An event of the answer cannot be understood; whether its cursor can.
    Garbled(bool),
    /// The request is held, and arrives when the client has long since seen it fail.
    Held(Loss, Duration),
    /// Something is wrong with one event of a batch, or with its cursor.
    Hostile(Hostile, u64),
    /// A problem document has members that are none of the contract's.
    Odd,
}

/// What is wrong with an event of a batch, wherever it is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hostile {
    /// It cannot be read, between others that can.
    Unread,
    /// It has no cursor.
    NoCursor,
    /// It has an empty one.
    EmptyCursor,
    /// It has that of the event before it.
    SameCursor,
    /// The whole batch has an empty one.
    NoEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    Noticed,
    /// On a connection that had been idle.
    Stale,
    Silent,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Gateway {
    status: u16,
    retry_after: Option<u64>,
    as_date: bool,
    is_json: bool,
}

impl Fate {
    pub(super) fn draw(random: &mut Random, bad: u64) -> Self {
        if !random.chance(bad) {
            return Self::Passes;
        }
        let loss = *random.pick(&[Loss::Noticed, Loss::Stale, Loss::Silent]);
        match random.below(24) {
            0 => Self::Refused,
            1 => Self::LostBefore(loss),
            2..=4 => Self::LostAfter(loss),
            5 => Self::Cut,
            6 => Self::Short,
            7 => Self::Repeated,
            8 => Self::Late,
            9 => Self::Astray,
            10 | 11 => Self::Gateway(Gateway::draw(random, &[429, 429, 500, 502, 503, 504, 408]), false),
            12 => Self::Gateway(Gateway::draw(random, &[500, 502, 504]), true),
            13 => Self::Forgotten,
            14..=17 => Self::Held(loss, random.millis(1_000..=90_000)),
            18..=20 => {
                use Hostile::{EmptyCursor, NoCursor, NoEnd, SameCursor, Unread};
                Self::Hostile(*random.pick(&[Unread, NoCursor, EmptyCursor, SameCursor, NoEnd]), random.next())
            }
            21 => Self::Odd,
            22 => Self::Gateway(Gateway::page(random), false),
            _ => Self::Garbled(random.chance(700)),
        }
    }
}

impl Gateway {
    fn draw(random: &mut Random, statuses: &[u16]) -> Self {
        let retry_after = *random.pick(&[None, Some(0), Some(1), Some(5), Some(20)]);
        Self { status: *random.pick(statuses), retry_after, as_date: random.chance(300), is_json: random.chance(500) }
    }

    /// A page or the JSON of something in between, with a status that means something else in the contract.
    fn page(random: &mut Random) -> Self {
        Self { retry_after: None, is_json: random.chance(400), ..Self::draw(random, &[403, 404, 409, 410, 501]) }
    }

    pub(super) fn answer(self, utc: DateTime<Utc>) -> Word {
        let body = if self.is_json {
            // All of these are codes of the contract, and none is the backend's word.
            let code = match self.status {
                403 => "auth",
                404 => "not_found",
                409 => "lease_expired",
                410 if self.as_date => "unsubscribed",
                410 => "cursor_expired",
                429 => "rate_limited",
                _ => "server",
            };
            json!({ "status": self.status, "code": code, "title": "on a bad day" }).to_string()
        } else {
            "<html>Bad gateway</html>".into()
        };
        let mut response = Response::new(body.into_bytes());
        *response.status_mut() = StatusCode::from_u16(self.status).expect("it is a status");
        let media_type = if self.is_json { "application/json" } else { "text/html" };
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        let asked = self.retry_after.map(Duration::from_secs);
        if let Some(seconds) = self.retry_after {
            let headers = response.headers_mut();
            headers.insert(header::DATE, http_date(utc));
            let after = TimeDelta::seconds(i64::try_from(seconds).unwrap_or_default());
            let value = if self.as_date { http_date(utc + after) } else { HeaderValue::from(seconds) };
            headers.insert(header::RETRY_AFTER, value);
        }
        Word::spoilt(response, asked)
    }
}

fn http_date(utc: DateTime<Utc>) -> HeaderValue {
    let date = utc.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::try_from(date).expect("a date is ASCII")
}

pub(super) fn lost(loss: Loss) -> Word {
    Word::fault(Fault::new(FaultKind::Lost, "the connection broke").sent(true).reused(loss == Loss::Stale))
}

pub(super) fn refused() -> Word {
    Word::fault(Fault::new(FaultKind::Connect, "no route to host"))
}

pub(super) fn timed_out() -> Word {
    Word::fault(Fault::new(FaultKind::Timeout, "nothing came").sent(true))
}

/// An answer of which only a part came.
pub(super) fn cut(mut response: Response<Vec<u8>>, ask: &Ask, seen: bool, position: usize) -> Word {
    if response.body().len() < 2 {
        return Word::answer(ask, response, position);
    }
    let half = response.body().len() / 2;
    if seen {
        let fault = Fault::new(FaultKind::Lost, "the answer was cut").sent(true).received(half as u64).reused(true);
        return Word::fault(fault);
    }
    // Of a refusal that is no JSON, the status remains: that is somebody else's promise.
    if !response.status().is_success() {
        return Word::answer(ask, response, position);
    }
    response.body_mut().truncate(half);
    Word::spoilt(response, None)
}

/// An answer whose first event cannot be understood.
pub(super) fn garbled(mut response: Response<Vec<u8>>, ask: &Ask, with_cursor: bool, position: usize) -> Word {
    if let (Ask::Poll { .. }, true) = (ask, response.status().is_success()) {
        let body = String::from_utf8(std::mem::take(response.body_mut())).unwrap_or_default();
        let body = if with_cursor {
            body.replacen("\"kind\":\"message\"", "\"kind\":\"mystery\"", 1)
                .replacen("\"kind\":\"reaction\"", "\"kind\":\"mystery\"", 1)
                .replacen("\"mid\":\"", "\"mid\":[],\"was\":\"", position.is_multiple_of(2).into())
        } else {
            body.replacen("\"items\":[{\"cursor\":", "\"items\":[{\"kursor\":", 1)
        };
        *response.body_mut() = body.into_bytes();
    }
    Word::answer(ask, response, position)
}

/// A batch with something wrong in it.
pub(super) fn hostile(mut response: Response<Vec<u8>>, ask: &Ask, how: Hostile, which: u64, position: usize) -> Word {
    if !matches!(ask, Ask::Poll { cursor: Some(_), .. }) || !response.status().is_success() {
        return Word::answer(ask, response, position);
    }
    if how == Hostile::NoEnd {
        let mut is_empty = true;
        edit(response.body_mut(), |json| {
            json["cursor"] = "".into();
            is_empty = json["items"].as_array().is_none_or(Vec::is_empty);
        });
        // The last event has a cursor, with which it goes on.
        return if is_empty { Word::spoilt(response, None) } else { Word::answer(ask, response, position) };
    }
    edit_items(response.body_mut(), |items| {
        let Some(at) = usize::try_from(which % (items.len().max(1) as u64)).ok().filter(|at| *at < items.len()) else {
            return;
        };
        // The cursor of an event that is hidden is seen by nobody; that of the one after it has to be its own.
        let follows_a_hidden_one = at > 0 && items[at - 1]["data"]["deleted"] == true;
        match how {
            _ if follows_a_hidden_one => {}
            Hostile::Unread => items[at]["kind"] = "mystery".into(),
            Hostile::NoCursor => {
                items[at]["kursor"] = items[at]["cursor"].take();
                items[at].as_object_mut().map(|item| item.remove("cursor"));
            }
            Hostile::EmptyCursor => items[at]["cursor"] = "".into(),
            Hostile::SameCursor if at > 0 => items[at]["cursor"] = items[at - 1]["cursor"].clone(),
            Hostile::SameCursor | Hostile::NoEnd => {}
        }
    });
    Word::answer(ask, response, position)
}

/// A problem document with members that are none of the contract's.
pub(super) fn odd(mut response: Response<Vec<u8>>, ask: &Ask, position: usize) -> Word {
    if !response.status().is_success() {
        edit(response.body_mut(), |json| {
            json["invalid_members"] = Value::Null;
            json["errors"] = json!({ "0": null });
            json["title"] = json!(["gone"]);
            json["detail"] = json!(7);
            json["status"] = "a status".into();
        });
    }
    Word::answer(ask, response, position)
}
