//! The server of the bot: chats, long polls, and the log of all messages.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use http::{Request, Response};
use serde_json::{Value, json};
use teamwire_core::{Checkpoint, Config, Credentials, Error};
use teamwire_sandbox::{
    World,
    world::{Handled, Now, Polls, org},
};

use crate::{
    random::Random,
    violation::{SIMULATOR, Violation, violation},
};

/// The members of the chats.
const PEOPLE: [(&str, &[&str]); 2] =
    [(org::LOBBY, &[org::ANNA, org::BEN, org::CLARA]), (org::NOTICES, &[org::BEN, org::DAVID])];
/// Maximum number of items of a batch.
const MAX_ITEMS: usize = 100;

/// The server of a run.
#[derive(Debug)]
pub(super) struct Backend {
    world: World,
    /// By exchange.
    polls: Polls<usize>,
    start: DateTime<Utc>,
    /// All messages, in their order.
    log: Vec<Posted>,
    /// The number of each message in the log, by its id.
    numbers: HashMap<String, usize>,
    /// The number of messages before each cursor.
    positions: HashMap<String, usize>,
    replies: HashSet<String>,
    pub(super) requests: usize,
}

/// A message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posted {
    pub(super) tid: &'static str,
    pub(super) is_by_bot: bool,
}

/// A message that the bot posts because of an event.
#[derive(Clone, Debug)]
pub(super) struct BotPost {
    pub(super) tid: &'static str,
    pub(super) key: String,
    pub(super) text: String,
}

impl Backend {
    pub(super) fn new(seed: u64, start: DateTime<Utc>) -> Self {
        Self {
            world: World::new(seed),
            polls: Polls::default(),
            start,
            log: Vec::new(),
            numbers: HashMap::new(),
            positions: HashMap::new(),
            replies: HashSet::new(),
            requests: 0,
        }
    }

    /// Returns the configuration of the bot.
    pub(super) fn config(&self) -> Result<Config, Error> {
        let key = self.world.bot_key();
        Config::new("https://teamwire.example", Credentials::new(key.app_id, key.secret)?)
    }

    fn now(&self, clock: Duration) -> Now {
        Now::after(self.start, clock)
    }

    pub(super) fn log(&self) -> &[Posted] {
        &self.log
    }

    /// Returns the number of a message.
    pub(super) fn number(&self, mid: &str) -> Option<usize> {
        self.numbers.get(mid).copied()
    }

    /// Returns the number of messages before a checkpoint.
    pub(super) fn position(&self, checkpoint: &Checkpoint) -> Result<usize, Violation> {
        let json = serde_json::to_value(checkpoint).unwrap_or_default();
        match json["cursor"].as_str().and_then(|cursor| self.positions.get(cursor)) {
            Some(position) => Ok(*position),
            None => violation(SIMULATOR, || format!("the server never returned the cursor of {json}")),
        }
    }

    /// A person posts a message.
    pub(super) fn post(&mut self, clock: Duration, random: &mut Random) -> Result<usize, Violation> {
        let (tid, people) = *random.pick(&PEOPLE);
        let uid = *random.pick(people);
        let now = self.now(clock);
        match self.world.as_person(now, uid).post(tid, "hello") {
            Ok(mid) => Ok(self.posted(mid, Posted { tid, is_by_bot: false })),
            Err(rejection) => violation(SIMULATOR, || format!("a post was rejected: {rejection}")),
        }
    }

    /// The bot posts a message, whose key makes it appear once. Returns `false` if it was there.
    pub(super) fn post_as_bot(&mut self, clock: Duration, post: &BotPost) -> Result<bool, Violation> {
        let key = self.world.bot_key();
        let token = BASE64_STANDARD.encode(format!("{}:{}", key.app_id, key.secret));
        let request = Request::post(format!("/v1/chats/{}/messages", post.tid))
            .header("authorization", format!("Basic {token}"))
            .header("content-type", "application/json")
            .header("idempotency-key", &post.key)
            .body(json!({ "msg": post.text }).to_string().into_bytes())
            .expect("the request is valid");
        self.requests += 1;
        let now = self.now(clock);
        let Handled::Response(response) = self.world.handle(now, request) else {
            return violation(SIMULATOR, || "a post has no response".into());
        };
        let message: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let Some(mid) = message["mid"].as_str().filter(|_| response.status().is_success()) else {
            return violation("a repeated change is accepted", || format!("{post:?}: {message}"));
        };
        if self.numbers.contains_key(mid) {
            return Ok(false);
        }
        if !self.replies.insert(post.text.clone()) {
            return violation("a change with a key happens once", || format!("{post:?}"));
        }
        self.posted(mid.to_owned(), Posted { tid: post.tid, is_by_bot: true });
        Ok(true)
    }

    fn posted(&mut self, mid: String, posted: Posted) -> usize {
        let number = self.log.len();
        self.numbers.insert(mid, number);
        self.log.push(posted);
        number
    }

    /// Handles a request of a feed. Returns `None` if it waits.
    pub(super) fn handle(
        &mut self,
        clock: Duration,
        exchange: usize,
        request: Request<Vec<u8>>,
    ) -> Result<Option<Response<Vec<u8>>>, Violation> {
        self.requests += 1;
        let now = self.now(clock);
        match self.world.handle(now, request) {
            Handled::Response(response) => {
                self.on_batch(&response);
                Ok(Some(response))
            }
            Handled::Park { until, poll } => {
                self.polls.park(exchange, until, poll);
                Ok(None)
            }
            Handled::File(_) => violation(SIMULATOR, || "a file was requested".into()),
        }
    }

    /// Returns the responses of the polls that are complete.
    pub(super) fn resume(&mut self, clock: Duration) -> Vec<(usize, Response<Vec<u8>>)> {
        let now = self.now(clock);
        let complete = self.polls.resume(&mut self.world, now);
        let responses = complete.into_iter().filter_map(|(exchange, handled)| match handled {
            Handled::Response(response) => Some((exchange, response)),
            _ => None,
        });
        let responses: Vec<_> = responses.collect();
        for (_, response) in &responses {
            self.on_batch(response);
        }
        responses
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        self.polls.next_due()
    }

    /// Drops the polls of these exchanges, whose clients are gone.
    pub(super) fn drop_polls(&mut self, is_gone: impl Fn(usize) -> bool) {
        self.polls.retain(|exchange| !is_gone(*exchange));
    }

    /// Records the positions of the cursors in a batch.
    fn on_batch(&mut self, response: &Response<Vec<u8>>) {
        let batch: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let items = batch["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut end = self.log.len();
        for item in items {
            if let (Some(cursor), Some(mid)) = (item["cursor"].as_str(), item["data"]["mid"].as_str())
                && let Some(number) = self.number(mid)
            {
                self.positions.insert(cursor.to_owned(), number + 1);
                if items.len() == MAX_ITEMS {
                    end = number + 1;
                }
            }
        }
        if let Some(cursor) = batch["cursor"].as_str() {
            self.positions.entry(cursor.to_owned()).or_insert(end);
        }
    }
}
