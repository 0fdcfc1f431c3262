//! The state of a world, and access to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    assets::Assets,
    bots::{Bot, BotKey, RateLimit},
    chat::{Chat, Kind},
    cursors::{Cursors, ListCursors},
    directory::Directory,
    feed_log::{Feed, Log, LogEntry, Update},
    idempotency::Keys,
    message::{Message, PostedMessage},
    org_settings::OrgSettings,
    subscriptions::Subscriptions,
};
use crate::world::{contract::problem::Problem, ids::Ids, now::Now};

/// A Teamwire installation: an organisation with its users, chats and bots.
///
/// The caller passes the current time to each call; it must never go back. The same calls return the same responses,
/// including ids.
pub struct World {
    pub(crate) ids: Ids,
    pub(crate) cursors: Cursors,
    pub(crate) bots: Vec<Bot>,
    pub(crate) rate_limit: Option<RateLimit>,
    /// The maximum size of an asset in bytes.
    pub(crate) asset_limit: u64,
    pub(crate) org_settings: OrgSettings,
    pub(crate) directory: Directory,
    pub(crate) chats: BTreeMap<String, Chat>,
    /// The number of chats created so far, which orders them.
    pub(crate) chats_made: u64,
    /// The `tid` and the index of each message, in order of arrival.
    pub(crate) posted: Vec<(String, usize)>,
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
    /// Creates a world without users. All its ids are derived from the seed.
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
            posted: Vec::new(),
            reactions_made: 0,
            assets: Assets::default(),
            log: Log::default(),
            subscriptions: Subscriptions::default(),
            keys: Keys::default(),
            revision: 0,
        }
    }

    /// The key of the organisation's first bot, [`org::BOT`](crate::org::BOT).
    pub fn bot_key(&self) -> BotKey {
        // `new` creates this bot first, and bots are never removed.
        self.bots[0].key.clone()
    }

    /// Limits the request rate of each key; `None` (the initial state) removes the limit.
    pub fn set_rate_limit(&mut self, limit: Option<RateLimit>) {
        self.revision += 1;
        self.rate_limit = limit;
    }

    /// Sets the maximum size of an asset in bytes; 256 MiB initially.
    pub fn set_asset_limit(&mut self, bytes: u64) {
        self.asset_limit = bytes;
    }

    /// Returns a new value for `X-Request-Id`, for responses that the world has not produced.
    pub fn next_request_id(&mut self) -> String {
        self.ids.next_request()
    }

    /// A number that increases whenever pending polls should be resumed.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The number of messages in all chats, including deleted ones.
    pub fn message_count(&self) -> usize {
        self.posted.len()
    }

    /// The messages after the first `count` of all chats, in order of arrival: a driver that keeps the last
    /// [`message_count`](Self::message_count) notices new ones.
    pub fn messages_after(&self, count: usize) -> Vec<PostedMessage> {
        let rest = self.posted.get(count..).unwrap_or_default();
        let message = |(tid, index): &(String, usize)| {
            let message = self.chats.get(tid)?.messages.get(*index)?;
            Some(message.to_posted(&self.directory, tid))
        };
        rest.iter().filter_map(message).collect()
    }

    /// The texts of a chat's messages, oldest first; `None` for deleted messages and those without text.
    pub fn texts(&self, tid: &str) -> Vec<Option<String>> {
        let text = |message: &Message| message.msg.clone();
        self.chats.get(tid).map(|chat| chat.messages.iter().map(text).collect()).unwrap_or_default()
    }

    /// The messages of a chat, oldest first, without those that were deleted.
    pub fn messages(&self, tid: &str) -> Vec<PostedMessage> {
        let messages = self.chats.get(tid).into_iter().flat_map(|chat| &chat.messages);
        messages.filter(|it| !it.deleted).map(|it| it.to_posted(&self.directory, tid)).collect()
    }

    /// The latitude and longitude of each user who shares a position in a chat, by `uid`.
    pub fn positions(&self, now: Now, tid: &str) -> BTreeMap<String, (f64, f64)> {
        let shares = self.chats.get(tid).into_iter().flat_map(|chat| &chat.shares);
        let active = shares.filter(|(_, share)| share.expires > now.elapsed);
        active.map(|(uid, share)| (uid.clone(), (share.lat, share.lon))).collect()
    }

    /// The number of active location shares in all chats.
    pub fn share_count(&self) -> usize {
        self.chats.values().map(|chat| chat.shares.len()).sum()
    }

    /// The number of active subscriptions.
    pub fn subscription_count(&self, now: Now) -> usize {
        self.subscriptions.active_count(now.elapsed)
    }

    /// The time of the next expiry of a location share, if there is one.
    pub fn next_expiry(&self) -> Option<Duration> {
        self.chats.values().flat_map(|chat| chat.shares.values()).map(|share| share.expires).min()
    }

    /// Creates a key for a bot.
    pub(crate) fn issue_key(&mut self, uid: String) -> BotKey {
        let key =
            BotKey { app_id: self.ids.next_with_prefix("app-", 12), secret: self.ids.next_with_prefix("", 32), uid };
        self.bots.push(Bot::new(key.clone()));
        key
    }

    /// The chat, if this user is a member; otherwise 404.
    pub(crate) fn chat(&self, actor: &str, tid: &str) -> Result<&Chat, Problem> {
        self.chats
            .get(tid)
            .filter(|chat| chat.is_member(&self.directory, actor))
            .ok_or_else(|| Problem::not_found("chat"))
    }

    /// Same as [`chat`](Self::chat), mutably.
    pub(crate) fn chat_mut(&mut self, actor: &str, tid: &str) -> Result<&mut Chat, Problem> {
        let directory = &self.directory;
        self.chats
            .get_mut(tid)
            .filter(|chat| chat.is_member(directory, actor))
            .ok_or_else(|| Problem::not_found("chat"))
    }

    /// The chats of this user, oldest first.
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

    /// The bots that are members of a chat.
    pub(crate) fn bots_in(&self, tid: &str) -> BTreeSet<String> {
        let Some(chat) = self.chats.get(tid) else { return BTreeSet::new() };
        let uids = self.bots.iter().map(|bot| &bot.key.uid);
        uids.filter(|uid| chat.is_member(&self.directory, uid)).cloned().collect()
    }

    /// Appends an update of a chat to the log, for the bots that are members of it.
    pub(crate) fn publish(&mut self, now: Now, tid: &str, update: Update) {
        self.publish_to(now, tid, self.bots_in(tid), update);
    }

    /// Appends an update of a chat to the log, for these bots. Does nothing if there are none and no feed of the chat.
    pub(crate) fn publish_to(&mut self, now: Now, tid: &str, bots: BTreeSet<String>, update: Update) {
        if bots.is_empty() && matches!(update, Update::Chat(..)) {
            return;
        }
        self.log.last += 1;
        let entry = LogEntry { number: self.log.last, at: now.elapsed, tid: tid.to_owned(), bots, update };
        self.log.entries.push_back(entry);
        self.revision += 1;
    }

    /// The cursor after all updates so far.
    pub(crate) fn current_cursor(&self, app_id: &str, feed: &Feed) -> String {
        self.cursors.seal(&feed.cursor_scope(app_id), self.log.last)
    }

    /// The cursors of lists, as of now.
    pub(crate) fn list_cursors(&self) -> ListCursors<'_> {
        self.cursors.lists_after(self.log.last)
    }
}
