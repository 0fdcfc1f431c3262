//! A hostile network: what becomes of each exchange.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;
use teamwire_core::{Fault, FaultKind};

use super::{
    heard::{Ask, Word},
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
        match random.below(16) {
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
            _ => Self::Garbled(random.chance(700)),
        }
    }
}

impl Gateway {
    fn draw(random: &mut Random, statuses: &[u16]) -> Self {
        let retry_after = *random.pick(&[None, Some(0), Some(1), Some(5), Some(20)]);
        Self { status: *random.pick(statuses), retry_after, as_date: random.chance(300), is_json: random.chance(500) }
    }

    pub(super) fn answer(self, utc: DateTime<Utc>) -> Word {
        let body = if self.is_json {
            let code = if self.status == 429 { "rate_limited" } else { "server" };
            json!({ "status": self.status, "code": code, "title": "on a bad day" }).to_string()
        } else {
            "<html>Bad gateway</html>".into()
        };
        let mut response = Response::new(body.into_bytes());
        *response.status_mut() = StatusCode::from_u16(self.status).expect("it is a status");
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
