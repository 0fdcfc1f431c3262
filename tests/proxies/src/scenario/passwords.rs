//! A forward proxy with basic authentication, in front of the sandbox or of a TLS terminator.

mod wrong;

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use teamwire_core::Config;
use teamwire_sandbox::Sandbox;
use teamwire_tests::harness::Harness;

pub(super) use self::wrong::wrong;
use crate::{
    Failure,
    bot::Bot,
    certificates::Certificates,
    forward_proxy::{Brand, ForwardProxy},
    haproxy::{Haproxy, Settings},
    outcome::Outcome,
    workload::Workload,
};

/// Maximum time until a closed tunnel is logged.
const LOG_TIMEOUT: Duration = Duration::from_secs(5);

/// The base URL's scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// The proxy receives absolute URIs.
    Http,
    /// The proxy receives CONNECT.
    Https,
}

impl Scheme {
    /// Returns the method that the proxy receives for each post.
    const fn method(self) -> &'static str {
        match self {
            Self::Http => "POST",
            Self::Https => "CONNECT",
        }
    }
}

/// The sandbox, a proxy, and haproxy between them if the scheme needs TLS.
struct Setup {
    sandbox: Sandbox,
    tls: Option<(Haproxy, Certificates)>,
    proxy: ForwardProxy,
}

impl Setup {
    fn new(folder: &Path, brand: Brand, scheme: Scheme) -> Result<Self, Failure> {
        let sandbox = Sandbox::start()?;
        let proxy = ForwardProxy::start(brand, folder)?;
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
        Bot::with_options(&self.sandbox, folder, &url, |config: Config| {
            let config = config.with_proxy(&proxy)?;
            Ok(match &self.tls {
                Some((_, certificates)) => config.with_root_certificates_pem(&*certificates.root),
                None => config,
            })
        })
    }
}

/// Expects all traffic to pass with the right password.
pub(super) fn right<H: Harness>(folder: &Path, brand: Brand, scheme: Scheme) -> Result<Outcome, Failure> {
    let setup = Setup::new(folder, brand, scheme)?;
    let bot = setup.bot::<H>(folder, true)?;
    let mut outcome = Outcome::default();
    Workload { count: 30, pause: |_| Duration::from_millis(20), has_files: true }.run(&bot, &mut outcome)?;
    // squid logs a tunnel when it is closed.
    drop(bot);
    let has_passed = setup.proxy.has_seen(scheme.method(), Instant::now() + LOG_TIMEOUT)?;
    outcome.expect(has_passed, || format!("the proxy has logged no {}", scheme.method()));
    let connects = setup.proxy.requests("CONNECT")?;
    outcome.expect(scheme == Scheme::Https || connects == 0, || format!("the proxy has logged {connects} CONNECT"));
    if brand == Brand::Squid {
        let refused = setup.proxy.refused_logins()?;
        outcome.expect(refused == 0, || format!("the proxy has rejected {refused} requests"));
    }
    Ok(outcome)
}
