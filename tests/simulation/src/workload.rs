//! The bot's operations: posts (some with keys that outlive the process), location shares, and changes of the lobby.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use teamwire_core::{
    Chat, Client, Draft, Error,
    effect::{Moment, Now},
    executor::Manual,
    flow::Flow,
    machine::{Reply, Ticket},
    model::{Coordinates, LiveLocation, ShareDuration},
};
use teamwire_sandbox::world::org;

use super::{
    oracle::degrees,
    protocol::InterpretedReply,
    shares::Shares,
    violation::{Violation, violation},
};

/// The chats that the bot uses.
pub(super) struct ChatRefs {
    pub(super) lobby: teamwire_core::ChatRef<Manual>,
    pub(super) notices: teamwire_core::ChatRef<Manual>,
}

/// The kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Posts a message of the outbox.
    PostPending(usize),
    /// Posts a message without a key of the bot's own.
    Post(usize),
    StartSharing(&'static str, i64),
    UpdateLocation(i64),
    StopSharing(&'static str),
    /// Changes the title of the lobby.
    UpdateTitle(usize),
    /// Makes Ben an admin of the lobby, or removes him as one.
    SetAdmin(bool),
}

impl Action {
    pub(super) const fn affects_shares(self) -> bool {
        matches!(self, Self::StartSharing(..) | Self::UpdateLocation(_) | Self::StopSharing(_))
    }

    /// Returns `true` if it needs a snapshot of the lobby.
    pub(super) const fn needs_snapshot(self) -> bool {
        matches!(self, Self::UpdateTitle(_) | Self::SetAdmin(_))
    }

    /// Returns the text that becomes visible, if any.
    pub(super) fn visible_text(self) -> Option<String> {
        match self {
            Self::PostPending(number) => Some(format!("pending {number}.")),
            Self::Post(number) => Some(format!("note {number}.")),
            Self::StartSharing(_, lat) => Some(format!("I am at {lat}.")),
            Self::UpdateTitle(number) => Some(format!("title {number}.")),
            Self::UpdateLocation(_) | Self::StopSharing(_) | Self::SetAdmin(_) => None,
        }
    }
}

impl ChatRefs {
    fn by_tid(&self, tid: &str) -> &teamwire_core::ChatRef<Manual> {
        if self.lobby.tid().as_str() == tid { &self.lobby } else { &self.notices }
    }
}

/// An operation in progress, and the checks of its attempts.
pub(super) struct Operation<'c> {
    pub(super) action: Action,
    pub(super) flow: Box<dyn Flow<Output = ()> + 'c>,
    pub(super) pending: Option<Ticket>,
    /// Time of its next poll; `None` while it waits for a reply.
    pub(super) poll_at: Option<Moment>,
    /// The last request, and when it was first sent.
    sent: Option<(Ticket, Moment)>,
    key: Option<String>,
    attempts: u32,
    /// The maximum number of attempts.
    max_attempts: u32,
    /// The number of attempts that were limited, without those that were in flight when another one was.
    limited: usize,
    /// True if a request was issued twice because its reply was lost on the client's side.
    was_reissued: bool,
    /// The shares that were known at the start, and the chats that the server has listed as active.
    pub(super) known_shares: Shares,
    pub(super) active_chats: Vec<String>,
}

impl<'c> Operation<'c> {
    /// Creates an operation. Returns `None` if it needs a snapshot of the lobby and there is none.
    pub(super) fn new(
        client: &'c Client<Manual>,
        chats: &'c ChatRefs,
        snapshot: Option<&'c mut Chat<Manual>>,
        action: Action,
        tid: &'static str,
    ) -> Option<Self> {
        let text = action.visible_text().unwrap_or_default();
        let flow: Box<dyn Flow<Output = ()> + 'c> = match action {
            Action::PostPending(number) => Box::new(
                chats.by_tid(tid).post(Draft::text(text).idempotency_key(format!("pending-{number}"))).map(drop),
            ),
            Action::Post(_) => Box::new(chats.by_tid(tid).post(text).map(drop)),
            Action::StartSharing(tid, lat) => {
                let live = LiveLocation::new(coordinates(lat), ShareDuration::QuarterHour);
                Box::new(chats.by_tid(tid).post(Draft::text(text).attach(live)).map(drop))
            }
            Action::UpdateLocation(lat) => client.chats().update_shared_location(coordinates(lat)),
            Action::StopSharing(tid) => chats.by_tid(tid).stop_sharing_location(),
            Action::UpdateTitle(_) => snapshot?.update_title(text),
            Action::SetAdmin(true) => snapshot?.add_admin(org::BEN),
            Action::SetAdmin(false) => snapshot?.remove_admin(org::BEN),
        };
        Some(Self {
            action,
            flow,
            pending: None,
            poll_at: Some(Moment::EPOCH),
            sent: None,
            key: None,
            attempts: 0,
            // Four, and one more because of a stale connection.
            max_attempts: 5,
            limited: 0,
            was_reissued: false,
            known_shares: Shares::default(),
            active_chats: Vec::new(),
        })
    }

    /// Sets the maximum to one attempt if `single` is true.
    pub(super) fn with_single_attempt(mut self, single: bool) -> Self {
        if single {
            self.max_attempts = 1;
        }
        self
    }

    pub(super) fn with_known_shares(mut self, shares: &Shares) -> Self {
        self.known_shares.clone_from(shares);
        self
    }

    /// Evaluates a reply. An attempt that finds an earlier one in progress does not count, nor does one that was in
    /// flight when another request was limited, at `limited_at`. Others that are limited have a maximum of their own.
    /// Active shares are noted.
    pub(super) fn on_reply(&mut self, reply: &InterpretedReply, limited_at: Option<Moment>) {
        let was_in_flight = self.sent.zip(limited_at).is_some_and(|((_, sent_at), limited_at)| sent_at <= limited_at);
        let is_limited = matches!(&reply.reply, Reply::Response(it) if it.status() == StatusCode::TOO_MANY_REQUESTS);
        self.limited += usize::from(is_limited && !was_in_flight);
        if let Reply::Response(response) = &reply.reply
            && (is_limited && (was_in_flight || self.limited <= MAX_RETRIES)
                || response.status() == StatusCode::CONFLICT
                    && String::from_utf8_lossy(response.body()).contains("in_progress"))
            && (2..MAX_ATTEMPTS).contains(&self.max_attempts)
        {
            self.max_attempts += 1;
        }
        if let (Action::UpdateLocation(_), Reply::Response(response)) = (self.action, &reply.reply) {
            let json: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            let active = json["active"].as_array().into_iter().flatten();
            self.active_chats = active.filter_map(|tid| tid.as_str().map(str::to_owned)).collect();
        }
    }

    /// Checks a request and its idempotency key.
    pub(super) fn on_request(&mut self, now: Now, ticket: Ticket, key: Option<&str>) -> Result<(), Violation> {
        if self.sent.is_none_or(|(last, _)| last != ticket) {
            self.sent = Some((ticket, now.moment));
        }
        if self.pending.is_some() {
            return violation("an operation has at most one request in flight", || format!("{:?}", self.action));
        }
        (self.pending, self.poll_at) = (Some(ticket), None);
        let key = key.map(str::to_owned);
        if key.is_none() {
            return violation("every change has an idempotency key", || format!("{:?}", self.action));
        }
        self.attempts += 1;
        if self.attempts > 1 && self.key != key {
            return violation("every attempt has the same idempotency key", || {
                format!("{:?}: {:?}, then {key:?}", self.action, self.key)
            });
        }
        self.key = key;
        if self.attempts > self.max_attempts {
            return violation("the number of attempts is limited", || {
                format!("{:?} was sent {} times", self.action, self.attempts)
            });
        }
        Ok(())
    }

    pub(super) fn on_sleep(&mut self, now: Now, until: Moment) -> Result<(), Violation> {
        self.poll_at = Some(until);
        if until <= now.moment || until.saturating_duration_since(now.moment) > Duration::from_secs(60) {
            return violation("wake-up times are in the near future", || format!("{:?}: {until:?}", self.action));
        }
        Ok(())
    }

    /// Takes note that the pending reply is lost on the client's side, so that the request is issued again.
    pub(super) const fn on_reissue(&mut self) {
        if self.pending.take().is_some() {
            self.poll_at = Some(Moment::EPOCH);
            self.attempts -= 1;
            self.was_reissued = true;
        }
    }

    /// Checks the result against the effect. `has_new_key` is true if no earlier operation can have had the effect.
    pub(super) fn check_result(
        &self,
        result: &Result<(), Error>,
        has_new_key: bool,
        is_shown: bool,
    ) -> Result<(), Violation> {
        match result {
            Ok(()) if !is_shown => {
                violation("a successful operation has taken effect", || format!("{:?}", self.action))
            }
            Err(error) if is_shown && has_new_key && !self.was_reissued && !error.outcome_unknown() => {
                violation("an operation reported as not received has had no effect", || {
                    format!("{:?}: {error:?}", self.action)
                })
            }
            _ => Ok(()),
        }
    }
}

/// Maximum number of retries after a rate limit.
const MAX_RETRIES: usize = 3;
/// Maximum number of attempts, however many of them do not count.
const MAX_ATTEMPTS: u32 = 20;

fn coordinates(lat: i64) -> Coordinates {
    Coordinates::new(degrees(lat), 0.0).expect("the latitude is small")
}
