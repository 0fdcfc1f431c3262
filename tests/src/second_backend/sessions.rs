//! Logins and session cookies.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The sessions of the bot.
#[derive(Debug)]
pub(super) struct Sessions {
    app_id: String,
    secret: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    valid: BTreeSet<String>,
    logins: usize,
    is_password_changed: bool,
}

impl Sessions {
    pub(super) fn new(app_id: &str, secret: &str) -> Self {
        Self { app_id: app_id.to_owned(), secret: secret.to_owned(), state: Mutex::default() }
    }

    /// The name and the password of the bot, with which the sandbox is called.
    pub(super) fn key(&self) -> String {
        format!("{}:{}", self.app_id, self.secret)
    }

    /// Starts a session. Returns `None` for another name or password.
    pub(super) fn log_in(&self, user: &str, password: &str) -> Option<String> {
        let mut state = self.state();
        state.logins += 1;
        if state.is_password_changed || (user, password) != (&self.app_id, &self.secret) {
            return None;
        }
        let session = format!("second-session-{:08}", state.logins);
        state.valid.insert(session.clone());
        Some(session)
    }

    pub(super) fn is_valid(&self, session: &str) -> bool {
        self.state().valid.contains(session)
    }

    pub(super) fn expire_all(&self) {
        self.state().valid.clear();
    }

    pub(super) fn change_password(&self) {
        self.state().is_password_changed = true;
    }

    pub(super) fn logins(&self) -> usize {
        self.state().logins
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
