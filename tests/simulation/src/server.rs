//! The server of a run: the sandbox's world, its parked polls, and the oracle's record of its changes.

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
    world::{Admission, Handled, Now, Payload, Polls, org},
};

use super::{
    defect::Defect,
    oracle::Oracle,
    violation::{SIMULATOR, Violation, violation},
};

/// A response, and the oracle's position when it was made.
#[derive(Debug)]
pub(super) struct ServerResponse {
    pub(super) response: Response<Vec<u8>>,
    pub(super) position: usize,
    /// True if the request has changed something; false if it was a query or a replay.
    pub(super) had_effect: bool,
}

/// The server of a run.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) world: World,
    pub(super) oracle: Oracle,
    start: DateTime<Utc>,
    /// By exchange.
    parked: Polls<usize>,
    /// The position at which a request with this key was performed.
    positions_by_key: HashMap<String, usize>,
    visible_texts: HashSet<String>,
    /// The last title that the bot has given to the lobby.
    bot_title: Option<String>,
    /// The rejections that a defective server replays.
    remembered_rejections: HashMap<String, Response<Vec<u8>>>,
    pub(super) defect: Defect,
}

/// The parts of a request that determine the meaning of its response.
struct RequestParts {
    method: Method,
    path: String,
    key: Option<String>,
    body: Vec<u8>,
}

impl Server {
    pub(super) fn new(seed: u64, start: DateTime<Utc>) -> Self {
        Self {
            world: World::new(seed),
            oracle: Oracle::default(),
            start,
            parked: Polls::default(),
            positions_by_key: HashMap::new(),
            visible_texts: HashSet::new(),
            bot_title: None,
            remembered_rejections: HashMap::new(),
            defect: Defect::None,
        }
    }

    /// Returns the server's time.
    pub(super) fn now(&self, clock: Duration) -> Now {
        Now::after(self.start, clock)
    }

    /// Handles a request, whose response will arrive at `reply_time`. Returns `None` if it is parked.
    pub(super) fn handle(
        &mut self,
        clock: Duration,
        reply_time: Duration,
        exchange: usize,
        request: Request<Vec<u8>>,
    ) -> Result<Option<ServerResponse>, Violation> {
        let now = self.now(clock);
        self.oracle.expire_shares(clock);
        let (head, body) = request.into_parts();
        let key = head.headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
        if let Some(rejection) = key.as_ref().and_then(|key| self.remembered_rejections.get(key)) {
            return Ok(Some(ServerResponse {
                response: rejection.clone(),
                position: self.oracle.len(),
                had_effect: false,
            }));
        }
        let parts =
            RequestParts { method: head.method.clone(), path: head.uri.path().to_owned(), key, body: body.clone() };
        let handled = match self.world.admit(now, head) {
            Admission::Reject(response) => Handled::Response(response),
            Admission::Admit(mut admitted) => {
                admitted.respond_at(reply_time);
                self.world.execute(now, admitted, Payload::Whole(body))
            }
        };
        match handled {
            Handled::Response(response) => {
                let (position, had_effect) = self.record(clock, &parts, &response)?;
                self.remember_rejection(parts.key, &response);
                Ok(Some(ServerResponse { response, position, had_effect }))
            }
            Handled::Park { until, poll } => {
                self.parked.park(exchange, until, poll);
                Ok(None)
            }
            Handled::File(_) => violation(SIMULATOR, || "a file was requested".into()),
        }
    }

    /// Records the change that a request has made, unless its key has been seen before.
    fn record(
        &mut self,
        clock: Duration,
        parts: &RequestParts,
        response: &Response<Vec<u8>>,
    ) -> Result<(usize, bool), Violation> {
        if parts.method == Method::GET || !response.status().is_success() {
            return Ok((self.oracle.len(), false));
        }
        if let Some(position) = parts.key.as_ref().and_then(|key| self.positions_by_key.get(key)) {
            return Ok((*position, false));
        }
        if parts.method == Method::POST && parts.path.ends_with("/messages") {
            self.record_post(clock, response.body())?;
        } else if parts.method == Method::PUT && parts.path == "/v1/location" {
            let location: Value = serde_json::from_slice(&parts.body).unwrap_or_default();
            self.oracle.moved(org::BOT, thousandths(&location["lat"]));
        } else if parts.method == Method::DELETE && parts.path.ends_with("/location") {
            self.oracle.unshared(chat_in(&parts.path), org::BOT);
        } else if parts.method == Method::PATCH && parts.path.ends_with(org::LOBBY) {
            let change: Value = serde_json::from_slice(&parts.body).unwrap_or_default();
            self.bot_title = change["title"].as_str().map(str::to_owned);
            self.visible_texts.extend(self.bot_title.clone());
        }
        if let Some(key) = &parts.key {
            self.positions_by_key.insert(key.clone(), self.oracle.len());
        }
        Ok((self.oracle.len(), true))
    }

    /// Remembers a rejection, if that is the defect of this run.
    fn remember_rejection(&mut self, key: Option<String>, response: &Response<Vec<u8>>) {
        let is_rejection = response.status().is_client_error() && response.status() != 401;
        if let Some(key) = key.filter(|_| self.defect == Defect::RejectionRemembered && is_rejection) {
            self.remembered_rejections.insert(key, response.clone());
        }
    }

    /// Returns the title of the lobby in the world, and the last one that the bot has set.
    pub(super) fn lobby_titles(&mut self, clock: Duration) -> [Option<String>; 2] {
        let key = self.world.bot_key();
        let token = BASE64_STANDARD.encode(format!("{}:{}", key.app_id, key.secret));
        let request =
            Request::get(format!("/v1/chats/{}", org::LOBBY)).header("authorization", format!("Basic {token}"));
        let request = request.body(Vec::new()).expect("the request is valid");
        let Handled::Response(chat) = self.world.handle(self.now(clock), request) else { return [None, None] };
        let chat: Value = serde_json::from_slice(chat.body()).unwrap_or_default();
        [chat["title"].as_str().map(str::to_owned), self.bot_title.clone()]
    }

    fn record_post(&mut self, clock: Duration, body: &[u8]) -> Result<(), Violation> {
        let message: Value = serde_json::from_slice(body).unwrap_or_default();
        let (Some(mid), Some(tid), Some(text)) =
            (message["mid"].as_str(), message["tid"].as_str(), message["msg"].as_str())
        else {
            return violation(SIMULATOR, || format!("the response to a post is {message}"));
        };
        if !self.visible_texts.insert(text.to_owned()) {
            return violation("no message is posted twice", || format!("{text:?} is posted twice"));
        }
        let tid = chat_in(tid);
        self.oracle.posted(tid, org::BOT, mid, None);
        let share = &message["attachments"][0];
        if share["kind"] == "live_location" {
            let duration = Duration::from_secs(share["duration"].as_u64().unwrap_or_default());
            self.oracle.shared(clock, tid, org::BOT, thousandths(&share["initial_lat"]), duration);
        }
        Ok(())
    }

    /// Returns `true` if this text is visible.
    pub(super) fn shows(&self, text: &str) -> bool {
        self.visible_texts.contains(text)
    }

    /// Returns the responses of the parked polls that are complete.
    pub(super) fn resume_polls(&mut self, clock: Duration) -> Vec<(usize, ServerResponse)> {
        self.oracle.expire_shares(clock);
        let complete = self.parked.resume(&mut self.world, Now::after(self.start, clock));
        let position = self.oracle.len();
        let response = |(exchange, handled)| match handled {
            Handled::Response(response) => Some((exchange, ServerResponse { response, position, had_effect: false })),
            _ => None,
        };
        complete.into_iter().filter_map(response).collect()
    }

    /// Returns when the next parked poll is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.parked.next_due()
    }

    /// Ends expired shares, in the oracle and in the world.
    pub(super) fn advance_time(&mut self, clock: Duration) {
        let now = self.now(clock);
        self.oracle.expire_shares(clock);
        // Acting as a person updates the world to this time.
        let _person = self.world.as_person(now, org::ANNA);
    }

    /// Drops the parked polls of abandoned exchanges.
    pub(super) fn drop_parked(&mut self, is_abandoned: impl Fn(usize) -> bool) {
        self.parked.retain(|exchange| !is_abandoned(*exchange));
    }
}

/// Returns the constant of the chat that the text contains.
fn chat_in(text: &str) -> &'static str {
    if text.contains(org::LOBBY) { org::LOBBY } else { org::NOTICES }
}

pub(super) fn thousandths(degrees: &Value) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "latitudes are small")]
    let lat = (degrees.as_f64().unwrap_or_default() * 1000.0).round() as i64;
    lat
}
