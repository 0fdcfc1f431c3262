//! The check of a configuration: its errors say what to check.

use std::{error::Error as StdError, fmt, io};

use teamwire_core::{
    Client, Config, Error, ErrorKind, Script,
    effect::{TransportError, TransportErrorKind as Kind},
    script::{
        Expect, Respond,
        v1::{expect, respond, sample},
    },
};
use teamwire_tests::{TokenProtocol, operations::config};

/// Returns the error of a check after this response to its only request.
fn error_after(config: Config, respond: Respond) -> Error {
    let script = Script::with_config(config).then(expect::me(), respond);
    let error = Client::new(script.clone()).check().expect_err("the response is an error");
    script.assert_done();
    error
}

fn behind_a_proxy() -> Config {
    config().with_proxy("http://user:p4ssw0rd@proxy.example.org:3128").expect("it is the URL of a proxy")
}

#[test]
fn valid_configuration_returns_the_bot() {
    let client = Client::new(Script::new().then(expect::me(), respond::user(sample::bot())));
    assert_eq!(client.check().expect("the script has it").uid, "u-bot");
}

#[test]
fn transport_error_says_what_to_check() {
    let (backend, proxy) = ("teamwire.example.org (TEAMWIRE_URL)", "the proxy proxy.example.org:3128 (TEAMWIRE_PROXY)");
    for (kind, direct, proxied) in [
        (Kind::Resolve, backend, proxy),
        (Kind::Connect, backend, proxy),
        (Kind::Timeout, backend, proxy),
        (Kind::Timeout, "TEAMWIRE_TIMEOUT", "TEAMWIRE_TIMEOUT"),
        (Kind::Disconnected, backend, proxy),
        (Kind::Tls, "TEAMWIRE_CA_FILE", "certificate of teamwire.example.org;"),
        (Kind::ClientCertificate, "teamwire.example.org has to accept", "teamwire.example.org has to accept"),
        (Kind::Proxy, "TEAMWIRE_URL", proxy),
    ] {
        for (config, advice) in [(config(), direct), (behind_a_proxy(), proxied)] {
            let cause = TransportError::new(kind, "errno 104").with_sent(true);
            let plain = Error::from(cause.clone()).to_string();
            let error = error_after(config, Respond::error(cause));
            let text = error.to_string();
            assert!(text.starts_with(&format!("check: {plain}")) && text.contains(advice), "{kind:?}: {text}");
            assert!(!text.contains("p4ssw0rd"), "{text}");
            assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, true));
            assert!(error.source().is_none_or(|source| !source.to_string().contains("check")), "each fact once");
        }
    }
}

/// An error with a cause.
#[derive(Debug)]
struct Failure(io::Error);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection")
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn cause_of_the_cause_is_kept() {
    let cause = Failure(io::Error::other("errno 111"));
    let error = error_after(config(), Respond::error(TransportError::new(Kind::Connect, cause)));
    assert_eq!(error.source().expect("it has a cause").to_string(), "errno 111");
}

#[test]
fn rejection_says_what_to_check() {
    let unauthorised = error_after(config(), respond::unauthorised());
    assert_eq!((unauthorised.kind(), unauthorised.status()), (ErrorKind::Auth, Some(401)));
    for name in ["TEAMWIRE_APP_ID", "TEAMWIRE_SECRET"] {
        assert!(unauthorised.to_string().contains(name), "{unauthorised}");
    }
    for other in [
        Respond::status(404).body("text/html", "<html>nginx</html>"),
        Respond::status(502).body("text/html", "<html>nginx</html>"),
        Respond::status(200).body("text/html", "<html>Please log in</html>"),
        Respond::json(200, "a text".into()),
    ] {
        let error = error_after(config(), other).to_string();
        assert!(error.contains("check that https://teamwire.example.org/ (TEAMWIRE_URL) is the backend"), "{error}");
    }
    for respond in [respond::unavailable(30), respond::rate_limited(30)] {
        assert!(!error_after(config(), respond).to_string().contains("check that"), "the configuration is valid");
    }
}

#[test]
fn login_is_not_repeated_either() {
    for failure in [Respond::connection_lost(), Respond::status(503), respond::rate_limited(1)] {
        let config = config().with_protocol(TokenProtocol::default());
        let script = Script::with_config(config).always(Expect::post(TokenProtocol::LOGIN), failure);
        let error = Client::new(script.clone()).check().expect_err("the login fails");
        assert!(error.to_string().starts_with("check: the login failed"), "{error}");
        assert_eq!(script.requests().len(), 1, "{error}");
    }
}
