//! What the bot does of its own: posts, some with keys that outlive the process, and locations that it shares.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use teamwire_core::{
    ByHand, Chat, Client, Coordinates, Draft, Error, Flow, LiveLocation, Moment, Now, Reply, ShareDuration, Ticket,
};
use teamwire_sandbox::world::org;

use super::{
    oracle::degrees,
    protocol::Word,
    shares::Shares,
    violation::{Broken, broken},
};

/// The chats of a process.
pub(super) struct Rooms {
    pub(super) lobby: teamwire_core::ChatRef<ByHand>,
    pub(super) notices: teamwire_core::ChatRef<ByHand>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// A message of the outbox.
    Letter(usize),
    /// A message without a key of its own.
    Loose(usize),
    Share(&'static str, i64),
    Move(i64),
    StopSharing(&'static str),
    /// Another title for the lobby.
    Title(usize),
    /// Ben becomes an admin of the lobby, or is none any more.
    Admin(bool),
}

impl Task {
    pub(super) const fn is_about_shares(self) -> bool {
        matches!(self, Self::Share(..) | Self::Move(_) | Self::StopSharing(_))
    }

    /// Returns `true` if it changes what the snapshot of a chat shows.
    pub(super) const fn changes_chat(self) -> bool {
        matches!(self, Self::Title(_) | Self::Admin(_))
    }

    /// The text that it shows, if it does.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Letter(number) => Some(format!("letter {number}.")),
            Self::Loose(number) => Some(format!("note {number}.")),
            Self::Share(_, lat) => Some(format!("I am at {lat}.")),
            Self::Title(number) => Some(format!("title {number}.")),
            Self::Move(_) | Self::StopSharing(_) | Self::Admin(_) => None,
        }
    }
}

impl Rooms {
    fn at(&self, tid: &str) -> &teamwire_core::ChatRef<ByHand> {
        if self.lobby.tid().as_str() == tid { &self.lobby } else { &self.notices }
    }
}

pub(super) struct Chore<'c> {
    pub(super) task: Task,
    pub(super) flow: Box<dyn Flow<Output = ()> + 'c>,
    pub(super) awaited: Option<Ticket>,
    /// When it is to be asked again; `None`: when its reply is there.
    pub(super) due: Option<Moment>,
    key: Option<String>,
    sent: u32,
    /// The most attempts.
    attempts: u32,
    /// Whether the executor sent a request twice.
    was_reissued: bool,
    /// The shares that were known when it began, and those that the server says there are.
    pub(super) known: Shares,
    pub(super) active: Vec<String>,
}

impl<'c> Chore<'c> {
    /// A task, if it can be begun: one that changes a chat needs the lobby's snapshot.
    pub(super) fn new(
        client: &'c Client<ByHand>,
        rooms: &'c Rooms,
        lobby: Option<&'c mut Chat<ByHand>>,
        task: Task,
        tid: &'static str,
    ) -> Option<Self> {
        let text = task.text().unwrap_or_default();
        let flow: Box<dyn Flow<Output = ()> + 'c> = match task {
            Task::Letter(number) => {
                Box::new(rooms.at(tid).post(Draft::text(text).idempotency_key(format!("letter-{number}"))).map(drop))
            }
            Task::Loose(_) => Box::new(rooms.at(tid).post(text).map(drop)),
            Task::Share(tid, lat) => {
                let live = LiveLocation::new(place(lat), ShareDuration::QuarterHour);
                Box::new(rooms.at(tid).post(Draft::text(text).attach(live)).map(drop))
            }
            Task::Move(lat) => client.chats().update_shared_location(place(lat)),
            Task::StopSharing(tid) => rooms.at(tid).stop_sharing_location(),
            Task::Title(_) => lobby?.update_title(text),
            Task::Admin(true) => lobby?.add_admin(org::BEN),
            Task::Admin(false) => lobby?.remove_admin(org::BEN),
        };
        Some(Self {
            task,
            flow,
            awaited: None,
            due: Some(Moment::EPOCH),
            key: None,
            sent: 0,
            // Four, and one on a connection that had gone stale.
            attempts: 5,
            was_reissued: false,
            known: Shares::default(),
            active: Vec::new(),
        })
    }

    /// Sets that it is tried once.
    pub(super) fn once(mut self, once: bool) -> Self {
        if once {
            self.attempts = 1;
        }
        self
    }

    pub(super) fn knowing(mut self, shares: &Shares) -> Self {
        self.known.clone_from(shares);
        self
    }

    /// Its reply: what it says of shares. That the server still works on an earlier attempt is no failure of this one.
    pub(super) fn hears(&mut self, word: &Word) {
        if let Reply::Response(response) = &word.reply
            && response.status() == StatusCode::CONFLICT
            && String::from_utf8_lossy(response.body()).contains("in_progress")
            && (2..MOST_ATTEMPTS).contains(&self.attempts)
        {
            self.attempts += 1;
        }
        if let (Task::Move(_), Reply::Response(response)) = (self.task, &word.reply) {
            let json: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            let active = json["active"].as_array().into_iter().flatten();
            self.active = active.filter_map(|tid| tid.as_str().map(str::to_owned)).collect();
        }
    }

    /// It hands out a request with this key.
    pub(super) fn sends(&mut self, ticket: Ticket, key: Option<&str>) -> Result<(), Broken> {
        if self.awaited.is_some() {
            return broken("an operation has one request under way at most", || format!("{:?}", self.task));
        }
        (self.awaited, self.due) = (Some(ticket), None);
        let key = key.map(str::to_owned);
        if key.is_none() {
            return broken("what changes something has a key", || format!("{:?}", self.task));
        }
        self.sent += 1;
        if self.sent > 1 && self.key != key {
            return broken("a request is repeated with the same key", || {
                format!("{:?}: {:?}, then {key:?}", self.task, self.key)
            });
        }
        self.key = key;
        if self.sent > self.attempts {
            return broken("an operation gives up", || format!("{:?} was sent {} times", self.task, self.sent));
        }
        Ok(())
    }

    pub(super) fn sleeps(&mut self, now: Now, until: Moment) -> Result<(), Broken> {
        self.due = Some(until);
        if until <= now.moment || until.since(now.moment) > Duration::from_secs(60) {
            return broken("no wait is in the past, nor too long", || format!("{:?}: {until:?}", self.task));
        }
        Ok(())
    }

    /// Its reply was lost on this side: it is asked again.
    pub(super) const fn reissues(&mut self) {
        if self.awaited.take().is_some() {
            self.due = Some(Moment::EPOCH);
            self.sent -= 1;
            self.was_reissued = true;
        }
    }

    /// It ended, and what it was to show is shown or not.
    pub(super) fn ends(&self, result: &Result<(), Error>, first: bool, is_shown: bool) -> Result<(), Broken> {
        match result {
            Ok(()) if !is_shown => broken("what succeeded was done", || format!("{:?}", self.task)),
            Err(error) if is_shown && first && !self.was_reissued && !error.may_have_arrived() => {
                broken("what is said not to have arrived has not", || format!("{:?}: {error:?}", self.task))
            }
            _ => Ok(()),
        }
    }
}

/// Number of attempts for which the time of a request is enough, however many of them find an earlier one in progress.
const MOST_ATTEMPTS: u32 = 20;

fn place(lat: i64) -> Coordinates {
    Coordinates::new(degrees(lat), 0.0).expect("a run has few places")
}
