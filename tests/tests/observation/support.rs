//! An observer that keeps what it observes, as text.

use std::sync::{Arc, Mutex, MutexGuard};

use teamwire_core::{
    Config, Credentials,
    effect::Now,
    model::ThreadId,
    observe::{FeedState, Observation, Observer, OperationId},
};

/// Keeps each observation as a line, with the number of its operation in the order of their starts.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    ids: Vec<OperationId>,
    lines: Vec<String>,
}

impl Lines {
    fn number(&mut self, id: OperationId) -> usize {
        self.ids.iter().position(|known| *known == id).unwrap_or_else(|| {
            self.ids.push(id);
            self.ids.len() - 1
        })
    }
}

impl Record {
    /// A configuration with this observer.
    pub(crate) fn config(&self) -> Config {
        let credentials = Credentials::new("app-id", "the secret").expect("they are valid");
        let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
        config.with_observer(self.clone())
    }

    /// Takes the lines so far.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.state().lines)
    }

    fn state(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().expect("no observer has panicked")
    }
}

impl Observer for Record {
    fn observe(&self, _: Now, observation: &Observation<'_>) {
        let mut state = self.state();
        let at = |chat: Option<&ThreadId>| chat.map_or(String::new(), |chat| format!(" {chat}"));
        let line = match observation {
            Observation::Started { id, operation, chat } => {
                format!("{} {operation}{}", state.number(*id), at(*chat))
            }
            Observation::Attempt { id, attempt, .. } => format!("{} attempt {attempt}", state.number(*id)),
            Observation::Retrying { id, attempt, error, .. } => {
                format!("{} retrying {attempt}: {}", state.number(*id), error.kind())
            }
            Observation::Finished { id, attempts, status, error, .. } => {
                let result = error.map_or("ok".to_owned(), |error| error.kind().to_string());
                let status = status.map_or(String::new(), |status| format!(" {status}"));
                format!("{} finished {attempts}{status}: {result}", state.number(*id))
            }
            Observation::Abandoned { id, .. } => format!("{} abandoned", state.number(*id)),
            Observation::Feed { id, feed, chat, state: feed_state } => {
                let feed_state = match feed_state {
                    FeedState::Subscribed => "subscribed".to_owned(),
                    FeedState::Polling => "polling".to_owned(),
                    FeedState::Retrying { attempt, error, .. } => format!("retrying {attempt}: {}", error.kind()),
                    FeedState::Gap => "gap".to_owned(),
                    FeedState::Ended { error } => {
                        format!("ended: {}", error.map_or("ok".to_owned(), |error| error.kind().to_string()))
                    }
                    other => format!("{other:?}"),
                };
                format!("{} {feed}{} {feed_state}", state.number(*id), at(*chat))
            }
            other => format!("{other:?}"),
        };
        state.lines.push(line);
    }
}
