use std::{
    fmt::{self, Display},
    time::Duration,
};

use log::Level;
use teamwire_core::{
    effect::{Moment, Now},
    error::Operation,
    model::ThreadId,
    observe::{ClaimState, FeedState, Observation, Observer, OperationId},
};

use super::TARGET;

/// Observer that writes to the crate `log`, with the target `teamwire`.
///
/// Failures, retries, gaps and lost claims have the level *warn*, requests *trace*, and everything else *debug*. Each
/// record has the number, the name and the chat of the operation or the feed: `operation 7: post in chat c1: request 1
/// is retried in 500ms: ..`. Those of a claim have the name of the feed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToLog;

/// ` in chat c1`, if there is a chat.
struct InChat<'a>(Option<&'a ThreadId>);

impl Display for InChat<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |chat| write!(f, " in chat {chat}"))
    }
}

/// The operation of a record: `operation 7: post in chat c1`.
struct Subject<'a>(OperationId, &'static Operation, Option<&'a ThreadId>);

impl Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(id, operation, chat) = self;
        write!(f, "operation {id}: {operation}{}", InChat(*chat))
    }
}

/// The wait before a retry, in milliseconds: `in 1.5s`, or `at once`.
struct Wait(Duration);

impl Wait {
    fn until(moment: Moment, now: Now) -> Self {
        Self(moment.saturating_duration_since(now.moment))
    }
}

impl Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis().try_into().unwrap_or(u64::MAX) {
            0 => f.write_str("at once"),
            millis => write!(f, "in {:?}", Duration::from_millis(millis)),
        }
    }
}

fn write(level: Level, message: fmt::Arguments<'_>) {
    log::log!(target: TARGET, level, "{message}");
}

fn write_claim(now: Now, feed: &str, state: ClaimState<'_>) {
    match state {
        ClaimState::Held { claim, fence, tries } => {
            write(Level::Debug, format_args!("claim of {feed}: held as {claim}, fence {fence}, try {tries}"));
        }
        ClaimState::Released { claim, is_unfinished } => {
            let unfinished = if is_unfinished { ", with an event that is not handled" } else { "" };
            write(Level::Debug, format_args!("claim of {feed}: released {claim}{unfinished}"));
        }
        ClaimState::Lost { claim } => write(Level::Warn, format_args!("claim of {feed}: lost {claim}")),
        ClaimState::StoreUnavailable { attempt, error, retry_at } => {
            let wait = Wait::until(retry_at, now);
            write(Level::Warn, format_args!("claim of {feed}: failure {attempt}, retried {wait}: {error:#}"));
        }
        ClaimState::StoreAvailable => write(Level::Debug, format_args!("claim of {feed}: the store is available")),
        ClaimState::Failed { error } => write(Level::Warn, format_args!("claim of {feed}: failed: {error:#}")),
        _ => {}
    }
}

impl Observer for ToLog {
    fn observe(&self, now: Now, observation: &Observation<'_>) {
        match *observation {
            Observation::Started { id, operation, chat } => {
                write(Level::Debug, format_args!("{}: started", Subject(id, operation, chat)));
            }
            Observation::Attempt { id, operation, chat, attempt } => {
                write(Level::Trace, format_args!("{}: request {attempt}", Subject(id, operation, chat)));
            }
            Observation::Retrying { id, operation, chat, attempt, error, retry_at } => {
                let (subject, wait) = (Subject(id, operation, chat), Wait::until(retry_at, now));
                write(Level::Warn, format_args!("{subject}: request {attempt} is retried {wait}: {error:#}"));
            }
            Observation::Finished { id, elapsed, error: Some(error), .. } => {
                // The error names the operation, its chat and the attempts.
                write(Level::Warn, format_args!("operation {id}: failed in {elapsed:?}: {error:#}"));
            }
            Observation::Finished { id, operation, chat, attempts, elapsed, .. } => {
                let subject = Subject(id, operation, chat);
                write(Level::Debug, format_args!("{subject}: finished after {attempts} requests in {elapsed:?}"));
            }
            Observation::Abandoned { id, operation, chat } => {
                write(Level::Debug, format_args!("{}: abandoned", Subject(id, operation, chat)));
            }
            Observation::Feed { id, feed, chat, state } => {
                let feed = format_args!("feed {id}: {feed}{}", InChat(chat)).to_string();
                match state {
                    FeedState::Subscribed => write(Level::Debug, format_args!("{feed}: subscribed")),
                    FeedState::Polling => write(Level::Debug, format_args!("{feed}: polling")),
                    FeedState::Retrying { error, retry_at, .. } => {
                        let wait = Wait::until(retry_at, now);
                        write(Level::Warn, format_args!("feed {id}: retried {wait}: {error:#}"));
                    }
                    FeedState::Gap => write(Level::Warn, format_args!("{feed}: events may have been missed")),
                    FeedState::Ended { error: Some(error) } => {
                        write(Level::Warn, format_args!("feed {id}: failed: {error:#}"));
                    }
                    FeedState::Ended { error: None } => write(Level::Debug, format_args!("{feed}: ended")),
                    _ => {}
                }
            }
            Observation::Claim { feed, state } => write_claim(now, feed, state),
            _ => {}
        }
    }
}
