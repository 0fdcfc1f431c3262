//! A wrong password: each call and each feed fails after one login.

use std::{path::Path, time::Duration};

use teamwire_core::{Draft, Error, model::Upload};
use teamwire_tests::harness::Harness;

use super::{Scheme, Setup};
use crate::{
    Failure,
    bot::{Bot, bytes},
    feed_thread::FeedThread,
    forward_proxy::{Brand, ForwardProxy, WRONG_PASSWORD},
    outcome::{Logins, Outcome},
};

/// Maximum time for a feed with a wrong password to end.
const FEED_TIMEOUT: Duration = Duration::from_secs(10);

struct Trial<'s> {
    proxy: &'s ForwardProxy,
    /// True if a rejection identifies the proxy. tinyproxy rejects plain HTTP with 401, like an origin server.
    is_identifiable: bool,
    logins: Logins,
    outcome: Outcome,
}

/// Expects calls and a feed to fail with a wrong password.
pub(in crate::scenario) fn wrong<H: Harness>(folder: &Path, brand: Brand, scheme: Scheme) -> Result<Outcome, Failure> {
    let setup = Setup::new(folder, brand, scheme)?;
    let is_identifiable = brand == Brand::Squid || scheme == Scheme::Https;
    let (logins, outcome) = (Logins::default(), Outcome::default());
    let mut trial = Trial { proxy: &setup.proxy, is_identifiable, logins, outcome };
    let bot = setup.bot::<H>(folder, false)?;
    trial.call("me", || H::wait(bot.client.contacts().me()).map(drop))?;
    trial.call("post", || bot.post("never seen").map(drop))?;
    let file = Draft::text("never seen").attach(Upload::from_bytes("large.bin", bytes(100_000)));
    trial.call("upload", || bot.post(file).map(drop))?;
    // With new connections, because squid 5 stops responding on a connection whose upload it has rejected.
    trial.follow(&setup.bot::<H>(folder, false)?)?;
    let Trial { logins, mut outcome, .. } = trial;
    let arrived = setup.sandbox.transcript().len();
    outcome.expect(arrived == 0, || format!("{arrived} requests have reached the sandbox"));
    outcome.logins = Some(logins);
    Ok(outcome)
}

impl Trial<'_> {
    /// Expects a call to fail after one login.
    fn call(&mut self, name: &str, call: impl FnOnce() -> Result<(), Error>) -> Result<(), Failure> {
        let before = self.proxy.refused_logins()?;
        let result = call();
        let logins = self.proxy.refused_logins()? - before;
        self.logins.call = self.logins.call.max(logins);
        self.outcome.calls += 1;
        self.outcome.expect(logins == 1, || format!("{name}: {logins} logins"));
        match result {
            Ok(()) => self.outcome.fail(format!("{name}: it has succeeded")),
            Err(error) => self.check(name, &error),
        }
        Ok(())
    }

    /// Expects a feed to end after one login.
    fn follow<H: Harness>(&mut self, bot: &Bot<'_, H>) -> Result<(), Failure> {
        let before = self.proxy.refused_logins()?;
        let mut feed = FeedThread::start::<H>(&bot.client);
        let has_ended = feed.wait_for_end(FEED_TIMEOUT);
        let (delivered, has_stopped) = feed.stop();
        let logins = self.proxy.refused_logins()? - before;
        self.logins.feed = self.logins.feed.max(logins);
        self.outcome.expect(logins == 1, || format!("feed: {logins} logins"));
        self.outcome.expect(has_stopped, || "feed: it does not end after a stop".to_owned());
        match delivered.error {
            Some(error) if has_ended => self.check("feed", &error),
            _ => {
                let attempts = delivered.failed_attempts;
                self.outcome
                    .fail(format!("feed: it has not ended after {FEED_TIMEOUT:?} and {attempts} failed attempts"));
            }
        }
        Ok(())
    }

    /// Expects a permanent error that names the proxy, and does not contain the password.
    fn check(&mut self, name: &str, error: &Error) {
        let text = error.to_string();
        let is_named = !self.is_identifiable || text.to_lowercase().contains("proxy");
        self.outcome.expect(is_named, || format!("{name}: the error does not name the proxy: {text}"));
        self.outcome.expect(!error.is_transient(), || format!("{name}: the error is transient: {text}"));
        let is_shown = text.contains(WRONG_PASSWORD) || format!("{error:#?}").contains(WRONG_PASSWORD);
        self.outcome.expect(!is_shown, || format!("{name}: the error contains the password"));
    }
}
