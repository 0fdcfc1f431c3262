//! Idempotency keys: a repeated request gets the first response and is not executed again.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use http::{Response, StatusCode};

use crate::world::contract::{problem::Problem, response::set_request_id};

/// The lifetime of a key.
const KEY_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Identifies a request by digests of its head (method, path, query, names of the body) and its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) head: u64,
    pub(crate) body: u64,
}

/// An App ID and one of its keys.
pub(crate) type Key = (String, String);

#[derive(Debug)]
pub(crate) enum State {
    /// An upload in progress.
    Receiving { head: u64 },
    /// A completed request, whose client receives the response at `available_at`.
    Completed { fingerprint: Fingerprint, available_at: Duration, response: Response<Vec<u8>> },
}

/// The keys of the last day.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) records: BTreeMap<Key, (Duration, State)>,
    /// The keys in order of expiry.
    by_age: VecDeque<(Duration, Key)>,
    /// The keys whose records have changed, if they are saved.
    changed: Option<BTreeSet<Key>>,
}

impl Keys {
    /// Returns the stored response for this key, if there is one.
    pub(crate) fn look_up(
        &mut self,
        now: Duration,
        key: &Key,
        fingerprint: Fingerprint,
        request_id: &str,
    ) -> Result<Option<Response<Vec<u8>>>, Problem> {
        self.remove_old(now);
        match self.records.get(key) {
            None => Ok(None),
            Some((_, State::Receiving { .. })) => Err(in_progress()),
            Some((_, State::Completed { fingerprint: first, .. })) if *first != fingerprint => Err(mismatch()),
            Some((_, State::Completed { available_at, .. })) if *available_at > now => Err(in_progress()),
            Some((_, State::Completed { response, .. })) => {
                let mut response = response.clone();
                set_request_id(&mut response, request_id);
                Ok(Some(response))
            }
        }
    }

    /// Same as [`look_up`](Self::look_up) when only the head of the request is known. True means that the body must be
    /// compared.
    pub(crate) fn look_up_head(&mut self, now: Duration, key: &Key, head: u64) -> Result<bool, Problem> {
        self.remove_old(now);
        match self.records.get(key) {
            None => Ok(false),
            Some((
                _,
                State::Receiving { head: first }
                | State::Completed { fingerprint: Fingerprint { head: first, .. }, .. },
            )) if *first != head => Err(mismatch()),
            Some((_, State::Receiving { .. })) => Err(in_progress()),
            Some((_, State::Completed { .. })) => Ok(true),
        }
    }

    pub(crate) fn start_upload(&mut self, now: Duration, key: Key, head: u64) {
        self.insert(now, key, State::Receiving { head });
    }

    /// Removes an upload that was cut.
    pub(crate) fn cancel_upload(&mut self, key: &Key) {
        if matches!(self.records.get(key), Some((_, State::Receiving { .. }))) {
            self.records.remove(key);
            self.mark(key);
        }
    }

    /// Stores the response to a successful request. A rejected or failed request has changed nothing: its key stays
    /// free, so that the request can succeed later.
    pub(crate) fn store(
        &mut self,
        now: Duration,
        key: Key,
        fingerprint: Fingerprint,
        available_at: Duration,
        response: &Response<Vec<u8>>,
    ) {
        if response.status().is_success() {
            self.insert(now, key, State::Completed { fingerprint, available_at, response: response.clone() });
        }
    }

    fn insert(&mut self, now: Duration, key: Key, state: State) {
        self.mark(&key);
        // The lifetime of a key starts with its first use.
        let since = self.records.get(&key).map_or(now, |(since, _)| *since);
        if self.records.insert(key.clone(), (since, state)).is_none() {
            self.by_age.push_back((now, key));
        }
    }

    /// Stores the response to a request again that was saved. The keys are restored in order of their age.
    #[cfg(feature = "server")]
    pub(crate) fn restore(
        &mut self,
        since: Duration,
        key: Key,
        fingerprint: Fingerprint,
        available_at: Duration,
        response: Response<Vec<u8>>,
    ) {
        self.insert(since, key, State::Completed { fingerprint, available_at, response });
    }

    fn mark(&mut self, key: &Key) {
        if let Some(changed) = &mut self.changed {
            changed.insert(key.clone());
        }
    }

    /// Returns the keys whose records have changed since the last call. The first call only starts to record changes.
    #[cfg(feature = "server")]
    pub(crate) fn take_changed(&mut self) -> BTreeSet<Key> {
        self.changed.replace(BTreeSet::new()).unwrap_or_default()
    }

    fn remove_old(&mut self, now: Duration) {
        while self.by_age.front().is_some_and(|(since, _)| since.saturating_add(KEY_LIFETIME) <= now) {
            let Some((since, key)) = self.by_age.pop_front() else { return };
            // A key that was cancelled and used again has a newer record and a second entry in the queue.
            if self.records.get(&key).is_some_and(|(since_record, _)| *since_record == since) {
                self.records.remove(&key);
                self.mark(&key);
            }
        }
    }
}

fn in_progress() -> Problem {
    Problem::new(StatusCode::CONFLICT, "in_progress", "The first request with this key is still in progress.")
}

fn mismatch() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", "This key was used for another request.")
}
