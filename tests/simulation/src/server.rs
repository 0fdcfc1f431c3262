//! The backend of a run: the sandbox's world, its polls that wait, and the record of what it did.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use http::{Method, Request, Response};
use serde_json::Value;
use teamwire_sandbox::{
    World,
    world::{Admission, Handled, Now, Parked, Payload, org},
};

use super::{
    defect::Defect,
    oracle::Truth,
    violation::{Broken, broken},
};

/// An answer, and how much had happened when it was made.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: Response<Vec<u8>>,
    pub(super) position: usize,
    /// Something was changed by it, and not only told again.
    pub(super) performed: bool,
}

#[derive(Debug)]
struct Waiting {
    exchange: usize,
    until: Duration,
    poll: Parked,
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) world: World,
    pub(super) truth: Truth,
    start: DateTime<Utc>,
    waiting: Vec<Waiting>,
    /// How much had happened when a request with this key was carried out.
    keys: HashMap<String, usize>,
    texts: HashSet<String>,
    /// The title that the bot gave the lobby last.
    title: Option<String>,
    /// The refusals that a broken server remembers.
    refusals: HashMap<String, Response<Vec<u8>>>,
    pub(super) defect: Defect,
    /// Whether something was done since the polls that wait were last asked.
    stirred: bool,
}

/// The parts of a request that say what its answer means.
struct Asked {
    method: Method,
    path: String,
    key: Option<String>,
    body: Vec<u8>,
}

impl Server {
    pub(super) fn new(seed: u64, start: DateTime<Utc>) -> Self {
        Self {
            world: World::new(seed),
            truth: Truth::default(),
            start,
            waiting: Vec::new(),
            keys: HashMap::new(),
            texts: HashSet::new(),
            title: None,
            refusals: HashMap::new(),
            defect: Defect::None,
            stirred: false,
        }
    }

    /// What time it is here.
    pub(super) fn now(&self, clock: Duration) -> Now {
        Now::after(self.start, clock)
    }

    /// Takes a request, whose answer will be heard at that time. `None`: it waits.
    pub(super) fn take(
        &mut self,
        clock: Duration,
        heard: Duration,
        exchange: usize,
        request: Request<Vec<u8>>,
    ) -> Result<Option<Answer>, Broken> {
        let now = self.now(clock);
        self.truth.pass_time(clock);
        let (head, body) = request.into_parts();
        let key = head.headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
        if let Some(refusal) = key.as_ref().and_then(|key| self.refusals.get(key)) {
            return Ok(Some(Answer { response: refusal.clone(), position: self.truth.len(), performed: false }));
        }
        let asked = Asked { method: head.method.clone(), path: head.uri.path().to_owned(), key, body: body.clone() };
        let handled = match self.world.admit(now, head) {
            Admission::Reject(response) => Handled::Response(response),
            Admission::Admit(mut admitted) => {
                admitted.respond_at(heard);
                self.world.execute(now, admitted, Payload::Whole(body))
            }
        };
        match handled {
            Handled::Response(response) => {
                let (position, performed) = self.record(clock, &asked, &response)?;
                self.remember_refusal(asked.key, &response);
                Ok(Some(Answer { response, position, performed }))
            }
            Handled::Park { until, poll } => {
                self.waiting.push(Waiting { exchange, until, poll });
                Ok(None)
            }
            Handled::File(_) => broken("the simulation holds", || "a file was asked for".into()),
        }
    }

    /// Writes down what was done, if something was: not when a key is seen again.
    fn record(
        &mut self,
        clock: Duration,
        asked: &Asked,
        response: &Response<Vec<u8>>,
    ) -> Result<(usize, bool), Broken> {
        if asked.method == Method::GET || !response.status().is_success() {
            return Ok((self.truth.len(), false));
        }
        self.stirred = true;
        if let Some(position) = asked.key.as_ref().and_then(|key| self.keys.get(key)) {
            return Ok((*position, false));
        }
        if asked.method == Method::POST && asked.path.ends_with("/messages") {
            self.record_post(clock, response.body())?;
        } else if asked.method == Method::PUT && asked.path == "/v1/location" {
            let place: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            self.truth.moved(org::BOT, thousandths(&place["lat"]));
        } else if asked.method == Method::DELETE && asked.path.ends_with("/location") {
            self.truth.unshared(room_in(&asked.path), org::BOT);
        } else if asked.method == Method::PATCH && asked.path.ends_with(org::LOBBY) {
            let change: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            self.title = change["title"].as_str().map(str::to_owned);
            self.texts.extend(self.title.clone());
        }
        if let Some(key) = &asked.key {
            self.keys.insert(key.clone(), self.truth.len());
        }
        Ok((self.truth.len(), true))
    }

    /// What no server may do.
    fn remember_refusal(&mut self, key: Option<String>, response: &Response<Vec<u8>>) {
        let is_refusal = response.status().is_client_error() && response.status() != 401;
        if let Some(key) = key.filter(|_| self.defect == Defect::RefusalRemembered && is_refusal) {
            self.refusals.insert(key, response.clone());
        }
    }

    /// Returns the title of the lobby, by the world and by the record.
    pub(super) fn titles(&mut self, clock: Duration) -> [Option<String>; 2] {
        let key = self.world.bot_key();
        let token = BASE64_STANDARD.encode(format!("{}:{}", key.app_id, key.secret));
        let request =
            Request::get(format!("/v1/chats/{}", org::LOBBY)).header("authorization", format!("Basic {token}"));
        let request = request.body(Vec::new()).expect("it is a request");
        let Handled::Response(chat) = self.world.handle(self.now(clock), request) else { return [None, None] };
        let chat: Value = serde_json::from_slice(chat.body()).unwrap_or_default();
        [chat["title"].as_str().map(str::to_owned), self.title.clone()]
    }

    fn record_post(&mut self, clock: Duration, body: &[u8]) -> Result<(), Broken> {
        let message: Value = serde_json::from_slice(body).unwrap_or_default();
        let (Some(mid), Some(tid), Some(text)) =
            (message["mid"].as_str(), message["tid"].as_str(), message["msg"].as_str())
        else {
            return broken("the simulation holds", || format!("a post was answered with {message}"));
        };
        if !self.texts.insert(text.to_owned()) {
            return broken("no message is shown twice", || format!("{text:?} is shown twice"));
        }
        let tid = room_in(tid);
        self.truth.posted(tid, org::BOT, mid, None);
        let live = &message["attachments"][0];
        if live["kind"] == "live_location" {
            let lasts = Duration::from_secs(live["duration"].as_u64().unwrap_or_default());
            self.truth.shared(clock, tid, org::BOT, thousandths(&live["initial_lat"]), lasts);
        }
        Ok(())
    }

    /// Whether this text is shown.
    pub(super) fn shows(&self, text: &str) -> bool {
        self.texts.contains(text)
    }

    /// Something was done that polls may have to tell.
    pub(super) const fn stir(&mut self) {
        self.stirred = true;
    }

    /// The answers of the polls that need not wait any longer.
    pub(super) fn answers(&mut self, clock: Duration) -> Vec<(usize, Answer)> {
        let stirred = std::mem::take(&mut self.stirred);
        if self.waiting.iter().all(|it| !stirred && it.until > clock) {
            return Vec::new();
        }
        let now = self.now(clock);
        self.truth.pass_time(clock);
        let mut answers = Vec::new();
        for Waiting { exchange, until, poll } in std::mem::take(&mut self.waiting) {
            if !stirred && until > clock {
                self.waiting.push(Waiting { exchange, until, poll });
                continue;
            }
            match self.world.resume(now, poll) {
                Handled::Park { until, poll } => self.waiting.push(Waiting { exchange, until, poll }),
                Handled::Response(response) => {
                    let answer = Answer { response, position: self.truth.len(), performed: false };
                    answers.push((exchange, answer));
                }
                Handled::File(_) => {}
            }
        }
        answers
    }

    /// When the next poll must be asked again.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.waiting.iter().map(|it| it.until).min()
    }

    /// Lets what ends by itself end.
    pub(super) fn pass_time(&mut self, clock: Duration) {
        let now = self.now(clock);
        self.truth.pass_time(clock);
        let _nothing = self.world.as_person(now, org::ANNA);
    }

    /// Nobody waits for this answer any more.
    pub(super) fn forget(&mut self, gone: impl Fn(usize) -> bool) {
        self.waiting.retain(|it| !gone(it.exchange));
    }
}

/// The chat in there, as the constant that it is.
fn room_in(text: &str) -> &'static str {
    if text.contains(org::LOBBY) { org::LOBBY } else { org::NOTICES }
}

pub(super) fn thousandths(degrees: &Value) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a latitude is small")]
    let lat = (degrees.as_f64().unwrap_or_default() * 1000.0).round() as i64;
    lat
}
