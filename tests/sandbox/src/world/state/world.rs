//! The state of a world, and access to it.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde_json::{Value, json};

use super::{
    assets::Assets,
    bots::{Bot, BotKey, RateLimit},
    chat::{Chat, Kind},
    cursors::Cursors,
    directory::Directory,
    feed_log::{Feed, Log, LogEntry, Update},
    idempotency::Keys,
    message::Message,
    org_settings::OrgSettings,
    subscriptions::Subscriptions,
};
use crate::world::{contract::problem::Problem, ids::Ids, now::Now};

/// An installation with its organisation: everything that the contract speaks of.
///
/// Whoever drives it says what time it is with each call, and time never goes back. The same calls give the same
/// answers, ids included.
pub struct World {
    pub(crate) ids: Ids,
    pub(crate) cursors: Cursors,
    pub(crate) bots: Vec<Bot>,
    pub(crate) rate_limit: Option<RateLimit>,
    /// The largest asset, in bytes.
    pub(crate) asset_limit: u64,
    pub(crate) org_settings: OrgSettings,
    pub(crate) directory: Directory,
    pub(crate) chats: BTreeMap<String, Chat>,
    /// How many chats were ever made, for their order.
    pub(crate) chats_made: u64,
    pub(crate) reactions_made: u64,
    pub(crate) assets: Assets,
    pub(crate) log: Log,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) keys: Keys,
    pub(crate) revision: u64,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("bots", &self.bots.len())
            .field("chats", &self.chats.len())
            .finish_non_exhaustive()
    }
}

impl World {
    /// Creates a world without users. All ids come from the seed.
    pub(crate) fn empty(seed: u64) -> Self {
        let mut ids = Ids::new(seed);
        Self {
            cursors: Cursors::new(ids.next_u64()),
            ids,
            bots: Vec::new(),
            rate_limit: None,
            asset_limit: 256 * 1024 * 1024,
            org_settings: OrgSettings::default(),
            directory: Directory::default(),
            chats: BTreeMap::new(),
            chats_made: 0,
            reactions_made: 0,
            assets: Assets::default(),
            log: Log::default(),
            subscriptions: Subscriptions::default(),
            keys: Keys::default(),
            revision: 0,
        }
    }

    /// The key of the bot that the organisation begins with, [`org::BOT`].
    pub fn bot_key(&self) -> BotKey {
        // `new` makes this bot before anything else, and no bot is ever taken away.
        self.bots[0].key.clone()
    }

    /// From now on each key may send so many requests; `None`, as at first: as many as it likes.
    pub fn set_rate_limit(&mut self, limit: Option<RateLimit>) {
        self.rate_limit = limit;
    }

    /// The largest asset in bytes; 256 MiB at first.
    pub fn set_asset_limit(&mut self, bytes: u64) {
        self.asset_limit = bytes;
    }

    /// A new value for `X-Request-Id`, for an answer that is given in the world's stead.
    pub fn next_request_id(&mut self) -> String {
        self.ids.next_request()
    }

    /// A number that grows whenever a long poll that waits may have something to tell.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How many messages there are in all chats, deleted ones included.
    pub fn message_count(&self) -> usize {
        self.chats.values().map(|chat| chat.messages.len()).sum()
    }

    /// The texts of a chat's messages in the order of their arrival; of deleted ones and those without text: `None`.
    pub fn texts(&self, tid: &str) -> Vec<Option<String>> {
        let text = |message: &Message| message.msg.clone();
        self.chats.get(tid).map(|chat| chat.messages.iter().map(text).collect()).unwrap_or_default()
    }

    /// How many live locations are shared now, in all chats.
    pub fn share_count(&self) -> usize {
        self.chats.values().map(|chat| chat.shares.len()).sum()
    }

    /// How many subscriptions a poll would find alive.
    pub fn subscription_count(&self, now: Now) -> usize {
        self.subscriptions.active_count(now.elapsed)
    }

    /// When the next thing happens by itself: a live location expires.
    pub fn next_expiry(&self) -> Option<Duration> {
        self.chats.values().flat_map(|chat| chat.shares.values()).map(|share| share.expires).min()
    }

    /// Gives a bot its key.
    pub(crate) fn issue_key(&mut self, uid: String) -> BotKey {
        let key =
            BotKey { app_id: self.ids.next_with_prefix("app-", 12), secret: self.ids.next_with_prefix("", 32), uid };
        self.bots.push(Bot::new(key.clone()));
        key
    }

    /// The chat, if this user is a member of it; to everybody else there is none.
    pub(crate) fn chat(&self, actor: &str, tid: &str) -> Result<&Chat, Problem> {
        self.chats
            .get(tid)
            .filter(|chat| chat.is_member(&self.directory, actor))
            .ok_or_else(|| Problem::not_found("chat"))
    }

    /// As [`chat`](Self::chat), to change it.
    pub(crate) fn chat_mut(&mut self, actor: &str, tid: &str) -> Result<&mut Chat, Problem> {
        let directory = &self.directory;
        self.chats
            .get_mut(tid)
            .filter(|chat| chat.is_member(directory, actor))
            .ok_or_else(|| Problem::not_found("chat"))
    }

    /// This user's chats, oldest first.
    pub(crate) fn chats_of(&self, actor: &str) -> Vec<&Chat> {
        let mut chats: Vec<_> = self.chats.values().filter(|chat| chat.is_member(&self.directory, actor)).collect();
        chats.sort_by_key(|chat| chat.number);
        chats
    }

    pub(crate) fn chat_json(&self, chat: &Chat) -> Value {
        json!({
            "tid": chat.tid,
            "title": chat.title,
            "type": match chat.kind { Kind::OneToOne => "one_to_one", Kind::Group => "group" },
            "is_alert": chat.is_alert,
            "allow_sending": chat.allow_sending,
            "allow_mute_notifications": chat.allow_mute_notifications,
            "is_closed": chat.is_closed,
            "users": self.directory.users_json(&chat.roster.users),
            "groups": chat.roster.groups.iter().map(|gid| self.directory.group_json(gid)).collect::<Vec<_>>(),
            "admins": self.directory.users_json(&chat.roster.admins),
        })
    }

    /// Notes something that has happened in this chat.
    pub(crate) fn publish(&mut self, now: Now, tid: &str, update: Update) {
        let Some(chat) = self.chats.get(tid) else { return };
        let uids = self.bots.iter().map(|bot| &bot.key.uid);
        let bots = uids.filter(|uid| chat.is_member(&self.directory, uid)).cloned().collect();
        self.log.last += 1;
        let entry = LogEntry { number: self.log.last, at: now.elapsed, tid: tid.to_owned(), bots, update };
        self.log.entries.push_back(entry);
        self.revision += 1;
    }

    /// The cursor of now.
    pub(crate) fn current_cursor(&self, app_id: &str, feed: &Feed) -> String {
        self.cursors.seal(&feed.cursor_scope(app_id), &self.log.last.to_string())
    }
}
