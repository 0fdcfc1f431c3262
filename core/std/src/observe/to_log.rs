use std::fmt::{self, Display};

use log::Level;
use teamwire_core::{
    effect::Now,
    model::ThreadId,
    observe::{FeedState, Observation, Observer},
};

use super::TARGET;

/// Observer that writes to the crate `log`, with the target `teamwire`.
///
/// Failures, retries and gaps have the level *warn*, requests *trace*, and everything else *debug*. Each record names
/// the number of the operation or the feed, and its first record the name and the chat as well.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToLog;

/// ` in chat c1`, if there is a chat.
struct InChat<'a>(Option<&'a ThreadId>);

impl Display for InChat<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |chat| write!(f, " in chat {chat}"))
    }
}

fn write(level: Level, message: fmt::Arguments<'_>) {
    log::log!(target: TARGET, level, "{message}");
}

impl Observer for ToLog {
    fn observe(&self, now: Now, observation: &Observation<'_>) {
        match observation {
            Observation::Started { id, operation, chat } => {
                write(Level::Debug, format_args!("operation {id}: {operation}{} started", InChat(*chat)));
            }
            Observation::Attempt { id, attempt } => {
                write(Level::Trace, format_args!("operation {id}: request {attempt}"));
            }
            Observation::Retrying { id, attempt, error, retry_at } => {
                let wait = retry_at.saturating_duration_since(now.moment);
                write(Level::Warn, format_args!("operation {id}: request {attempt} is retried in {wait:?}: {error:#}"));
            }
            Observation::Finished { id, attempts, elapsed, error: Some(error), .. } => {
                let message =
                    format_args!("operation {id}: failed after {attempts} requests in {elapsed:?}: {error:#}");
                write(Level::Warn, message);
            }
            Observation::Finished { id, attempts, elapsed, .. } => {
                write(Level::Debug, format_args!("operation {id}: finished after {attempts} requests in {elapsed:?}"));
            }
            Observation::Abandoned { id } => write(Level::Debug, format_args!("operation {id}: abandoned")),
            Observation::Feed { id, feed, chat, state } => {
                let feed = format_args!("feed {id}: {feed}{}", InChat(*chat)).to_string();
                match state {
                    FeedState::Subscribed => write(Level::Debug, format_args!("{feed}: subscribed")),
                    FeedState::Polling => write(Level::Debug, format_args!("{feed}: polling")),
                    FeedState::Retrying { attempt, error, retry_at } => {
                        let wait = retry_at.saturating_duration_since(now.moment);
                        write(
                            Level::Warn,
                            format_args!("{feed}: failure {attempt}, which is retried in {wait:?}: {error:#}"),
                        );
                    }
                    FeedState::Gap => write(Level::Warn, format_args!("{feed}: events may have been missed")),
                    FeedState::Ended { error: Some(error) } => {
                        write(Level::Warn, format_args!("{feed}: failed: {error:#}"));
                    }
                    FeedState::Ended { error: None } => write(Level::Debug, format_args!("{feed}: ended")),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
