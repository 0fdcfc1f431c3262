//! A forward proxy with basic authentication, before the sandbox itself or before a TLS terminator.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use teamwire_core::{Client, Config, Draft, Error, Upload};
use teamwire_sandbox::Sandbox;
use teamwire_tests::harness::Harness;

use crate::{
    Failure,
    authority::Certificates,
    bot::{Bot, bytes},
    exercise::Exercise,
    follow::Following,
    forward::{Brand, Forward, WRONG},
    haproxy::{Haproxy, Settings},
    outcome::{Logins, Outcome},
};

/// Longest time until a tunnel that has ended stands in the log.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a feed with a wrong password is watched, if it does not end.
const WATCHED: Duration = Duration::from_secs(10);

/// The base URL's scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// The proxy gets an absolute URI.
    Http,
    /// The proxy gets CONNECT.
    Https,
}

impl Scheme {
    /// A method that the proxy gets for each post.
    const fn method(self) -> &'static str {
        match self {
            Self::Http => "POST",
            Self::Https => "CONNECT",
        }
    }
}

/// The sandbox, a proxy, and haproxy between them where the scheme needs it.
struct Stage {
    sandbox: Sandbox,
    tls: Option<(Haproxy, Certificates)>,
    proxy: Forward,
}

impl Stage {
    fn new(folder: &Path, brand: Brand, scheme: Scheme) -> Result<Self, Failure> {
        let sandbox = Sandbox::start()?;
        let proxy = Forward::start(brand, folder)?;
        let tls = match scheme {
            Scheme::Http => None,
            Scheme::Https => {
                let certificates = Certificates::generate()?;
                let path = folder.join("server.pem");
                fs::write(&path, &certificates.server)?;
                let bind = format!("ssl crt {}", path.display());
                Some((Haproxy::start(folder, &sandbox, Settings { bind: &bind, ..Settings::default() })?, certificates))
            }
        };
        Ok(Self { sandbox, tls, proxy })
    }

    fn bot<'s, H: Harness>(&'s self, folder: &'s Path, is_right: bool) -> Result<Bot<'s, H>, Failure> {
        let url = match &self.tls {
            Some((haproxy, _)) => format!("https://127.0.0.1:{}", haproxy.port()),
            None => self.sandbox.url(),
        };
        let proxy = self.proxy.url(is_right)?;
        Bot::configured(&self.sandbox, folder, &url, |config: Config| {
            let config = config.with_proxy(&proxy)?;
            Ok(match &self.tls {
                Some((_, certificates)) => config.with_root_certificates_pem(&*certificates.root),
                None => config,
            })
        })
    }
}

/// With the right password everything passes.
pub(super) fn right<H: Harness>(folder: &Path, brand: Brand, scheme: Scheme) -> Result<Outcome, Failure> {
    let stage = Stage::new(folder, brand, scheme)?;
    let bot = stage.bot::<H>(folder, true)?;
    let mut outcome = Outcome::default();
    Exercise { count: 30, gap: |_| Duration::from_millis(20), has_files: true }.perform(&bot, &mut outcome)?;
    // squid counts a tunnel once it has ended.
    drop(bot);
    let has_passed = stage.proxy.has_seen(scheme.method(), Instant::now() + PATIENCE)?;
    outcome.expect(has_passed, || format!("the proxy has seen no {}", scheme.method()));
    let connects = stage.proxy.requests("CONNECT")?;
    outcome.expect(scheme == Scheme::Https || connects == 0, || format!("the proxy has seen {connects} CONNECT"));
    let refused = stage.proxy.refused_logins()?;
    outcome.expect(refused == 0, || format!("the proxy has refused {refused} requests"));
    Ok(outcome)
}

/// With a wrong password each call, and each feed, is refused once.
pub(super) fn wrong<H: Harness>(folder: &Path, brand: Brand, scheme: Scheme) -> Result<Outcome, Failure> {
    let stage = Stage::new(folder, brand, scheme)?;
    let bot = stage.bot::<H>(folder, false)?;
    let mut outcome = Outcome::default();
    let mut logins = Logins::default();
    refused(&stage.proxy, "me", || H::wait(bot.client.contacts().me()).map(drop), &mut logins, &mut outcome)?;
    refused(&stage.proxy, "post", || bot.post("never seen").map(drop), &mut logins, &mut outcome)?;
    let file = Draft::text("never seen").attach(Upload::bytes("large.bin", bytes(100_000)));
    refused(&stage.proxy, "upload", || bot.post(file).map(drop), &mut logins, &mut outcome)?;
    let ((), made) = logins_of(&stage.proxy, || follow::<H>(&bot.client, &mut outcome))?;
    logins.feed = made;
    outcome.expect(made == 1, || format!("feed: {made} logins"));
    let arrived = stage.sandbox.transcript().len();
    outcome.expect(arrived == 0, || format!("{arrived} requests have passed the proxy"));
    outcome.logins = Some(logins);
    Ok(outcome)
}

/// Expects one call to be refused, by one login.
fn refused(
    proxy: &Forward,
    name: &str,
    call: impl FnOnce() -> Result<(), Error>,
    logins: &mut Logins,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let (result, made) = logins_of(proxy, call)?;
    outcome.calls += 1;
    logins.call = logins.call.max(made);
    outcome.expect(made == 1, || format!("{name}: {made} logins"));
    match result {
        Ok(()) => outcome.fail(format!("{name}: it succeeded")),
        Err(error) => is_of_the_proxy(name, &error, outcome),
    }
    Ok(())
}

/// Counts the logins that the proxy refuses meanwhile.
fn logins_of<T>(proxy: &Forward, meanwhile: impl FnOnce() -> T) -> Result<(T, usize), Failure> {
    let before = proxy.refused_logins()?;
    let result = meanwhile();
    Ok((result, proxy.refused_logins()? - before))
}

/// Follows until the feed ends, or for a while.
fn follow<H: Harness>(client: &Client<H::X>, outcome: &mut Outcome) {
    let mut following = Following::start::<H>(client);
    let ends = following.ends(WATCHED);
    let (delivered, has_stopped) = following.stop();
    outcome.expect(has_stopped, || "feed: it does not end when it is stopped".to_owned());
    match delivered.error {
        Some(error) if ends => is_of_the_proxy("feed", &error, outcome),
        _ => outcome.fail(format!(
            "feed: it has not ended after {WATCHED:?}, and has reported {} failed attempts",
            delivered.failed_attempts
        )),
    }
}

/// Expects a final error that names the proxy, and no password.
fn is_of_the_proxy(name: &str, error: &Error, outcome: &mut Outcome) {
    let text = error.to_string();
    outcome
        .expect(text.to_lowercase().contains("proxy"), || format!("{name}: the error does not name the proxy: {text}"));
    outcome.expect(!error.is_transient(), || format!("{name}: the error is one that may pass: {text}"));
    let shows = text.contains(WRONG) || format!("{error:?}").contains(WRONG);
    outcome.expect(!shows, || format!("{name}: the error shows the password"));
}
