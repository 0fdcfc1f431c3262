//! A wrong password: each call and each feed is refused once, for good.

use std::{path::Path, time::Duration};

use teamwire_core::{Draft, Error, Upload};
use teamwire_tests::harness::Harness;

use super::{Scheme, Stage};
use crate::{
    Failure,
    bot::{Bot, bytes},
    follow::Following,
    forward::{Brand, Forward, WRONG},
    outcome::{Logins, Outcome},
};

/// How long a feed with a wrong password is watched, if it does not end.
const WATCHED: Duration = Duration::from_secs(10);

struct Trial<'s> {
    proxy: &'s Forward,
    /// True if the proxy shows that it is the one that refuses. tinyproxy refuses plain HTTP with the 401 of an origin
    /// server.
    is_named: bool,
    logins: Logins,
    outcome: Outcome,
}

/// Calls and follows with a wrong password.
pub(in crate::scenario) fn wrong<H: Harness>(folder: &Path, brand: Brand, scheme: Scheme) -> Result<Outcome, Failure> {
    let stage = Stage::new(folder, brand, scheme)?;
    let is_named = brand == Brand::Squid || scheme == Scheme::Https;
    let (logins, outcome) = (Logins::default(), Outcome::default());
    let mut trial = Trial { proxy: &stage.proxy, is_named, logins, outcome };
    let bot = stage.bot::<H>(folder, false)?;
    trial.call("me", || H::wait(bot.client.contacts().me()).map(drop))?;
    trial.call("post", || bot.post("never seen").map(drop))?;
    let file = Draft::text("never seen").attach(Upload::bytes("large.bin", bytes(100_000)));
    trial.call("upload", || bot.post(file).map(drop))?;
    // With connections of its own: squid 5 no longer answers on one whose upload it has refused.
    trial.follow(&stage.bot::<H>(folder, false)?)?;
    let Trial { logins, mut outcome, .. } = trial;
    let arrived = stage.sandbox.transcript().len();
    outcome.expect(arrived == 0, || format!("{arrived} requests have passed the proxy"));
    outcome.logins = Some(logins);
    Ok(outcome)
}

impl Trial<'_> {
    /// Expects a call to be refused, by one login.
    fn call(&mut self, name: &str, call: impl FnOnce() -> Result<(), Error>) -> Result<(), Failure> {
        let before = self.proxy.refused_logins()?;
        let result = call();
        let logins = self.proxy.refused_logins()? - before;
        self.logins.call = self.logins.call.max(logins);
        self.outcome.calls += 1;
        self.outcome.expect(logins == 1, || format!("{name}: {logins} logins"));
        match result {
            Ok(()) => self.outcome.fail(format!("{name}: it succeeded")),
            Err(error) => self.check(name, &error),
        }
        Ok(())
    }

    /// Expects a feed to end, after one login.
    fn follow<H: Harness>(&mut self, bot: &Bot<'_, H>) -> Result<(), Failure> {
        let before = self.proxy.refused_logins()?;
        let mut following = Following::start::<H>(&bot.client);
        let ends = following.ends(WATCHED);
        let (delivered, has_stopped) = following.stop();
        let logins = self.proxy.refused_logins()? - before;
        self.logins.feed = self.logins.feed.max(logins);
        self.outcome.expect(logins == 1, || format!("feed: {logins} logins"));
        self.outcome.expect(has_stopped, || "feed: it does not end when it is stopped".to_owned());
        match delivered.error {
            Some(error) if ends => self.check("feed", &error),
            _ => {
                let attempts = delivered.failed_attempts;
                self.outcome.fail(format!("feed: after {WATCHED:?} and {attempts} failed attempts it has not ended"));
            }
        }
        Ok(())
    }

    /// Expects a final error that names the proxy, and no password.
    fn check(&mut self, name: &str, error: &Error) {
        let text = error.to_string();
        let names = !self.is_named || text.to_lowercase().contains("proxy");
        self.outcome.expect(names, || format!("{name}: the error does not name the proxy: {text}"));
        self.outcome.expect(!error.is_transient(), || format!("{name}: the error is one that may pass: {text}"));
        let shows = text.contains(WRONG) || format!("{error:?}").contains(WRONG);
        self.outcome.expect(!shows, || format!("{name}: the error shows the password"));
    }
}
