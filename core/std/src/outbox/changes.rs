//! Changes of an outbox that are to be saved.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use teamwire_core::Error;

use super::messages::OutboxMessages;

/// Set once the changes have been written, or could not be.
pub(super) type Token = Arc<OnceLock<Result<(), Error>>>;

/// The messages, and the state of their delivery.
pub(super) struct State<T> {
    /// The messages of the file.
    pub(super) saved: Arc<OutboxMessages<T>>,
    /// Those with the changes that are not written yet.
    pub(super) pending: Option<Pending<T>>,
    pub(super) is_delivering: bool,
    /// Number of calls of `follow` that run.
    pub(super) followers: usize,
    /// Number of deliveries that have failed since the last post.
    pub(super) failures: u32,
    /// Time after which messages that are not used are removed; `None` for never.
    pub(super) retention: Option<Duration>,
}

pub(super) struct Pending<T> {
    messages: Arc<OutboxMessages<T>>,
    /// Those of the changes, in order.
    tokens: Vec<Token>,
}

impl<T> Pending<T> {
    /// Returns the messages, and the number of their changes.
    pub(super) fn messages(&self) -> (Arc<OutboxMessages<T>>, usize) {
        (Arc::clone(&self.messages), self.tokens.len())
    }
}

impl<T> State<T> {
    pub(super) fn new(saved: OutboxMessages<T>) -> Self {
        let saved = Arc::new(saved);
        Self { saved, pending: None, is_delivering: false, followers: 0, failures: 0, retention: None }
    }

    pub(super) fn newest(&self) -> &OutboxMessages<T> {
        self.pending.as_ref().map_or(&self.saved, |pending| &pending.messages)
    }

    /// Adds a change, after which these are the messages.
    pub(super) fn push(&mut self, messages: OutboxMessages<T>) {
        let mut tokens = self.pending.take().map(|pending| pending.tokens).unwrap_or_default();
        tokens.push(Token::default());
        self.pending = Some(Pending { messages: Arc::new(messages), tokens });
    }

    /// Returns the token of the last change that is not written yet.
    pub(super) fn last_token(&self) -> Option<Token> {
        self.pending.as_ref().and_then(|pending| pending.tokens.last().cloned())
    }

    /// Ends the write of the messages with the first `count` changes. If it has failed, all changes are discarded: the
    /// later ones are based on them.
    pub(super) fn written(&mut self, messages: Arc<OutboxMessages<T>>, count: usize, result: &Result<(), Error>) {
        let Some(mut pending) = self.pending.take() else { return };
        let count = if result.is_ok() { count } else { pending.tokens.len() };
        for token in pending.tokens.drain(..count) {
            // Set once: it is not in the list any more.
            let _ = token.set(result.clone());
        }
        if result.is_ok() {
            self.saved = messages;
        }
        self.pending = Some(pending).filter(|pending| !pending.tokens.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use teamwire_core::effect::{FileError, FileErrorKind};

    use super::*;

    fn messages(keys: &[&str]) -> OutboxMessages<()> {
        let mut messages = OutboxMessages { list: Vec::new(), checkpoint: None, is_changed: false };
        for key in keys {
            assert!(messages.add(*key, "c1", "hello"));
        }
        messages
    }

    fn keys(messages: &OutboxMessages<()>) -> Vec<&str> {
        messages.iter().map(|entry| entry.key).collect()
    }

    #[test]
    fn failed_write_discards_the_changes_that_are_based_on_it() {
        let mut state = State::new(messages(&[]));
        let mut tokens = Vec::new();
        let mut push = |state: &mut State<()>, keys: &[&str]| {
            state.push(messages(keys));
            tokens.extend(state.last_token());
        };
        push(&mut state, &["a"]);
        let (written, count) = state.pending.as_ref().expect("a change is pending").messages();
        // During the write.
        push(&mut state, &["a", "b"]);
        state.written(written, count, &Ok(()));
        assert_eq!((keys(&state.saved), keys(state.newest())), (vec!["a"], vec!["a", "b"]));
        let (written, count) = state.pending.as_ref().expect("another one is").messages();
        push(&mut state, &["a", "b", "c"]);
        let failed = Err(FileError::new("outbox", FileErrorKind::Other, "the disk is full").into());
        state.written(written, count, &failed);
        assert_eq!((keys(&state.saved), keys(state.newest())), (vec!["a"], vec!["a"]));
        assert!(state.last_token().is_none());
        let results: Vec<_> = tokens.iter().map(|token| token.get().expect("it has ended").is_ok()).collect();
        assert_eq!(results, [true, false, false]);
    }
}
