//! The content of parts, as JSON.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::world::state::{
    World, base64,
    bots::{Bot, BotKey, RateLimit},
    cursors::Cursors,
    directory::Directory,
    idempotency::{Fingerprint, Key},
    message::Message,
    subscriptions::Subscriptions,
};

/// The time at which a world was saved, and the state of its ids.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Time {
    /// The time of day at which the world was created.
    pub(crate) start: DateTime<Utc>,
    /// The time since then.
    pub(crate) elapsed: Duration,
    pub(crate) ids: u64,
    /// The time of day by the clock of the machine.
    pub(crate) real: DateTime<Utc>,
}

/// Everything that is small.
#[derive(Deserialize, Serialize)]
pub(super) struct State<'w> {
    pub(super) cursors: Cow<'w, Cursors>,
    pub(super) bots: Vec<BotPart>,
    /// Requests per second, and the burst.
    pub(super) rate_limit: Option<(f64, u32)>,
    pub(super) asset_limit: u64,
    pub(super) switches: BTreeMap<String, bool>,
    pub(super) directory: Cow<'w, Directory>,
    pub(super) chats_made: u64,
    pub(super) reactions_made: u64,
    pub(super) last_update: u64,
    pub(super) removed_updates: u64,
    pub(super) subscriptions: Cow<'w, Subscriptions>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct BotPart {
    uid: String,
    app_id: String,
    secret: String,
    revoked: bool,
}

impl<'w> State<'w> {
    pub(super) fn of(world: &'w World) -> Self {
        let mut switches = world.org_settings;
        Self {
            cursors: Cow::Borrowed(&world.cursors),
            bots: world.bots.iter().map(BotPart::of).collect(),
            rate_limit: world.rate_limit.map(|it| (it.per_second, it.burst)),
            asset_limit: world.asset_limit,
            switches: switches.switches().into_iter().map(|(name, switch)| (name.to_owned(), *switch)).collect(),
            directory: Cow::Borrowed(&world.directory),
            chats_made: world.chats_made,
            reactions_made: world.reactions_made,
            last_update: world.log.last,
            removed_updates: world.log.removed_up_to,
            subscriptions: Cow::Borrowed(&world.subscriptions),
        }
    }

    pub(super) fn restore(self, world: &mut World) {
        world.cursors = self.cursors.into_owned();
        world.bots = self.bots.into_iter().map(BotPart::into_bot).collect();
        world.rate_limit = self.rate_limit.map(|(per_second, burst)| RateLimit { per_second, burst });
        world.asset_limit = self.asset_limit;
        for (name, switch) in world.org_settings.switches() {
            *switch = self.switches.get(name).copied().unwrap_or(*switch);
        }
        world.directory = self.directory.into_owned();
        (world.chats_made, world.reactions_made) = (self.chats_made, self.reactions_made);
        (world.log.last, world.log.removed_up_to) = (self.last_update, self.removed_updates);
        world.subscriptions = self.subscriptions.into_owned();
    }
}

impl BotPart {
    fn of(bot: &Bot) -> Self {
        let BotKey { app_id, secret, uid } = bot.key.clone();
        Self { uid, app_id, secret, revoked: bot.revoked }
    }

    fn into_bot(self) -> Bot {
        let mut bot = Bot::new(BotKey { app_id: self.app_id, secret: self.secret, uid: self.uid });
        bot.revoked = self.revoked;
        bot
    }
}

#[derive(Deserialize, Serialize)]
pub(super) struct MessagePart<'w> {
    pub(super) tid: Cow<'w, str>,
    pub(super) message: Cow<'w, Message>,
}

/// The record of an idempotency key whose request is complete.
#[derive(Deserialize, Serialize)]
pub(super) struct KeyPart {
    app_id: String,
    key: String,
    since: Duration,
    head: u64,
    body: u64,
    available_at: Duration,
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(with = "base64")]
    response: Vec<u8>,
}

impl KeyPart {
    pub(super) fn of(
        key: &Key,
        since: Duration,
        fingerprint: Fingerprint,
        available_at: Duration,
        response: &Response<Vec<u8>>,
    ) -> Self {
        // The headers of a response of the world are ASCII.
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            app_id: key.0.clone(),
            key: key.1.clone(),
            since,
            head: fingerprint.head,
            body: fingerprint.body,
            available_at,
            status: response.status().as_u16(),
            headers: response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            response: response.body().clone(),
        }
    }

    pub(super) fn since(&self) -> Duration {
        self.since
    }

    /// Adds the record to a world. The keys are added in order of their age.
    pub(super) fn restore(self, world: &mut World) -> Result<(), http::Error> {
        let mut response = Response::new(self.response);
        *response.status_mut() = StatusCode::from_u16(self.status)?;
        for (name, value) in self.headers {
            response.headers_mut().append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
        let fingerprint = Fingerprint { head: self.head, body: self.body };
        let key = (self.app_id, self.key);
        world.keys.restore(self.since, key, fingerprint, self.available_at, response);
        Ok(())
    }
}
