//! Invalid settings.

use std::time::Duration;

use proptest::prelude::*;
use teamwire_core::{
    Client, Config, Credentials, Error,
    config::{
        APP_ID_VAR, CA_FILE_VAR, GIVE_UP_AFTER_VAR, Limits, MAX_CONNECTIONS_VAR, PROXY_VAR, RetryPolicy,
        SECRET_FILE_VAR, SECRET_VAR, TIMEOUT_VAR, Timeouts, URL_VAR,
    },
    executor::Manual,
};
use teamwire_tests::operations::{ENTROPY, now, request_of};

use super::refused;

fn keys() -> Credentials {
    Credentials::new("app", "secret").expect("they are fine")
}

fn config() -> Config {
    Config::new("https://teamwire.example.org", keys()).expect("it is a URL")
}

#[test]
fn invalid_base_url_is_refused() {
    for (url, why) in [
        ("", "relative"),
        ("teamwire.example.org", "relative"),
        ("//teamwire.example.org", "relative"),
        ("/v1", "relative"),
        ("https://", "host"),
        ("https://:443", "host"),
        ("https://?x", "host"),
        ("https://a b", "domain"),
        ("https://%00", "domain"),
        ("https://a%b", "domain"),
        ("https://[::1", "IPv6"),
        ("https://1.2.3.256", "IPv4"),
        ("https://a:65536", "port"),
        ("https://a:b", "port"),
        ("https://a:0", "port must not be 0"),
        ("ftp://a", "scheme"),
        ("ws://a", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("unix:/run/teamwire.sock", "scheme"),
        ("teamwire:443", "scheme"),
        ("https://user@a", "credentials"),
        ("https://user:password@a", "credentials"),
        ("https://:password@a", "credentials"),
        ("https://a?tenant=1", "must not have a query"),
        ("https://a?", "must not have a query"),
        ("https://a#top", "a fragment"),
        ("https://exa\"mple.org", "host"),
        ("https://exa{mple}.org", "host"),
        ("https://exa`mple.org", "host"),
    ] {
        refused(Config::new(url, keys()), "base URL", why);
    }
    refused(Config::new(&format!("https://a/{}", "x".repeat(70_000)), keys()), "base URL", "at most 2048");
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for url in [
        "http://teamwire.example.org",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "http://notlocalhost",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
        "HTTP://TEAMWIRE.EXAMPLE.ORG",
    ] {
        refused(Config::new(url, keys()), "base URL", "in the clear");
        drop(Config::new_insecure(url, keys()).expect("it is asked for by name"));
    }
    for url in ["http://localhost:8080", "http://127.0.0.1", "http://127.1.2.3/x", "http://[::1]:1", "http://LOCALHOST"]
    {
        drop(Config::new(url, keys()).expect("it stays on this machine"));
    }
    refused(Config::new_insecure("ftp://a", keys()), "base URL", "scheme");
}

#[test]
fn base_url_may_have_a_port_a_path_and_a_final_slash() {
    for (given, used) in [
        ("https://a.example.org", "https://a.example.org/v1/me"),
        ("https://a.example.org/", "https://a.example.org/v1/me"),
        ("https://a.example.org:8443/team/wire", "https://a.example.org:8443/team/wire/v1/me"),
        ("https://a.example.org/team/wire/", "https://a.example.org/team/wire/v1/me"),
        ("https://a.example.org:443", "https://a.example.org/v1/me"),
        ("https://Bücher.example.org/ä", "https://xn--bcher-kva.example.org/%C3%A4/v1/me"),
        ("  https://a.example.org\n", "https://a.example.org/v1/me"),
    ] {
        assert_eq!(me(Config::new(given, keys()).expect("it is fine")), used);
    }
}

/// Returns the URL that a client with these settings requests.
fn me(config: Config) -> String {
    let client = Client::new(Manual::new(config, ENTROPY, now()));
    request_of(&mut client.contacts().me()).uri().to_string()
}

proptest! {
    #![proptest_config(teamwire_tests::cases(400))]

    #[test]
    fn every_url_that_is_taken_can_be_used(host in "[ -~]{1,6}|\\PC{1,4}", path in "[ -~]{0,8}|\\PC{0,4}") {
        if let Ok(config) = Config::new(&format!("https://a{host}/{path}"), keys()) {
            prop_assert!(me(config).ends_with("/v1/me"));
        }
    }
}

#[test]
fn credentials_that_cannot_be_sent_are_refused() {
    refused(Credentials::new("", "secret"), "App ID", "empty");
    refused(Credentials::new("app", ""), "Secret", "empty");
    let long = "x".repeat((16 << 10) + 1);
    refused(Credentials::new(&long, "secret"), "App ID", "must be at most");
    refused(Credentials::new("app", &long), "Secret", "must be at most");
    Credentials::new(&long[1..], &long[1..]).expect("a protocol may send them in a body");
    Credentials::new("app", "se:cret").expect("only the App ID ends at a colon");
    Credentials::new("!", " ~\"\\%&").expect("all of printable ASCII can be sent");
    for secret in ["s", "sec", "secre"] {
        refused(Credentials::new("app", secret), "Secret", "at least 6 characters");
    }
    // They could not be distinguished from any other text when they are removed from errors.
    for foreign in ["\u{1f600}".repeat(9), "Grüße".to_owned(), "пароль-密码".to_owned()] {
        refused(Credentials::new("app", &foreign), "Secret", "with adjacent foreign ones as one");
    }
    for control in ["\n", "\r", "\t", "\0", "\u{7f}", "\u{85}"] {
        refused(Credentials::new(format!("app{control}"), "secret"), "App ID", "control");
        refused(Credentials::new("app", format!("{control}secret")), "Secret", "control");
    }
}

#[test]
fn credentials_that_the_protocol_cannot_send_are_refused_when_a_client_is_created() {
    let keys = Credentials::new("app:1", "secret").expect("another protocol can send a colon");
    let config = Config::new("https://a.example.org", keys).expect("the URL is valid");
    refused(config.validate(), "App ID", "colon");
    let (fits, long) = ("x".repeat(2_048), "x".repeat(2_049));
    let with = |app_id: &str, secret: &str| {
        let keys = Credentials::new(app_id, secret).expect("another protocol can send them");
        Config::new("https://a.example.org", keys).expect("the URL is valid").validate()
    };
    with(&fits, &fits).expect("they fit into a header");
    refused(with(&long, "secret"), "App ID", "must be at most 2048");
    refused(with("app", &long), "Secret", "must be at most 2048");
    for foreign in ["pässwörd", "se\u{301}cret", "secret\u{a0}"] {
        refused(with(foreign, "secret"), "App ID", "must be ASCII");
        refused(with("app", foreign), "Secret", "must be ASCII");
    }
}

#[test]
fn variable_that_is_missing_or_wrong_is_named() {
    let all = [(URL_VAR, "https://a.example.org"), (APP_ID_VAR, "app"), (SECRET_VAR, "secret")];
    let with = |name: &str, value: Option<&str>| {
        Config::from_vars(|asked| match all.iter().find(|(known, _)| *known == asked) {
            Some(_) if asked == name => value.map(str::to_owned),
            known => known.map(|(_, value)| (*value).to_owned()),
        })
    };
    drop(with("", None).expect("all three are there"));
    for (name, _) in all {
        refused(with(name, None), name, "not set");
    }
    refused(with(URL_VAR, Some("http://a.example.org")), URL_VAR, "in the clear");
    refused(with(APP_ID_VAR, Some("")), APP_ID_VAR, "empty");
    refused(with(SECRET_VAR, Some("")), SECRET_VAR, "empty");
    refused(with(SECRET_VAR, Some("short")), SECRET_VAR, "at least");
    refused(with(SECRET_VAR, Some("sécré")), SECRET_VAR, "at least");
    assert_eq!([URL_VAR, APP_ID_VAR, SECRET_VAR], ["TEAMWIRE_URL", "TEAMWIRE_APP_ID", "TEAMWIRE_SECRET"]);
}

#[test]
fn all_missing_variables_are_named_at_once() {
    let with = |known: &'static [&str]| {
        Config::from_vars(|name| known.contains(&name).then(|| "https://a.example.org".to_owned()))
    };
    refused(with(&[]), "TEAMWIRE_URL, TEAMWIRE_APP_ID, TEAMWIRE_SECRET", "the variables are not set");
    refused(with(&[APP_ID_VAR]), "TEAMWIRE_URL, TEAMWIRE_SECRET", "the variables are not set");
    refused(with(&[URL_VAR, APP_ID_VAR]), SECRET_VAR, "the variable is not set");
}

/// The required variables, and an optional one.
fn with_variable(name: &str, value: &str) -> Result<Config, Error> {
    let all = [(URL_VAR, "https://a.example.org"), (APP_ID_VAR, "app"), (SECRET_VAR, "secret"), (name, value)];
    Config::from_vars(|asked| all.iter().find(|(known, _)| *known == asked).map(|(_, value)| (*value).to_owned()))
}

#[test]
fn optional_variables_are_read() {
    let config = with_variable(PROXY_VAR, "http://user:p%40ss@proxy:3128").expect("it is the URL of a proxy");
    assert_eq!(config.proxy().and_then(|url| url.host_str()), Some("proxy"));
    let timeouts = |seconds: &str| *with_variable(TIMEOUT_VAR, seconds).expect("it is a time").timeouts();
    let usual = Timeouts::default();
    assert_eq!(timeouts("2.5"), Timeouts { request: Duration::from_millis(2_500), ..usual });
    let long = Duration::from_secs(90);
    assert_eq!(timeouts(" 90 "), Timeouts { request: long, listing: long, transfer_idle: long });
    assert_eq!(timeouts(""), usual);
    let patient = with_variable(GIVE_UP_AFTER_VAR, "600").expect("it is a time");
    assert_eq!(patient.retry(), &RetryPolicy::within(Duration::from_secs(600)));
    let few = with_variable(MAX_CONNECTIONS_VAR, " 16").expect("it is a number");
    assert_eq!(few.limits(), &Limits { max_connections: 16, ..Limits::default() });
    for name in [PROXY_VAR, TIMEOUT_VAR, GIVE_UP_AFTER_VAR, MAX_CONNECTIONS_VAR, CA_FILE_VAR, SECRET_FILE_VAR] {
        drop(with_variable(name, "").expect("an empty variable is not set"));
    }
}

#[test]
fn invalid_optional_variable_is_named() {
    refused(with_variable(PROXY_VAR, "proxy:3128"), PROXY_VAR, "http://host:port");
    for seconds in ["ten", "10s", "0", "-1", "NaN", "inf", "1e300", "1e-30", "1,5"] {
        for name in [TIMEOUT_VAR, GIVE_UP_AFTER_VAR] {
            refused(with_variable(name, seconds), name, "must be a number of seconds");
        }
    }
    for number in ["none", "0", "-1", "1.5", "99999999999999999999999"] {
        refused(with_variable(MAX_CONNECTIONS_VAR, number), MAX_CONNECTIONS_VAR, "must be a whole number");
    }
    for name in [CA_FILE_VAR, SECRET_FILE_VAR] {
        refused(with_variable(name, "/etc/file"), name, "`config_from_env` of an adapter");
    }
    let error = with_variable(PROXY_VAR, "http://user:p4ssw0rd@proxy/path").expect_err("it has a path");
    assert!(!format!("{error:#} {error:#?}").contains("p4ssw0rd"), "{error}");
}

#[test]
fn user_agent_that_is_not_a_header_value_is_refused() {
    for name in ["", " ", "Wächter", "bot\r\nHost: x", "bot\t1", "\u{7f}", "bot\0"] {
        refused(config().with_user_agent(name), "user agent", "printable ASCII");
    }
    refused(config().with_user_agent(&"x".repeat(1_025)), "user agent", "must be at most");
    drop(config().with_user_agent("watch-dog/1.0 (+https://example.org)").expect("it is printable ASCII"));
}

#[test]
fn invalid_proxy_is_refused() {
    for (url, why) in [
        ("", "relative"),
        ("proxy.example.org:3128", "http://host:port"),
        ("https://proxy.example.org", "http://host:port"),
        ("socks5://proxy.example.org", "http://host:port"),
        ("http://", "host"),
        ("http://proxy:99999", "port"),
        ("http://proxy:0", "port must not be 0"),
        ("http://proxy/path", "http://host:port"),
        ("http://proxy?x", "http://host:port"),
        ("http://proxy#x", "http://host:port"),
        ("http://pro{xy", "character"),
        ("http://a%3Ab:password@proxy:3128", "colon"),
        ("http://a%3ab@proxy:3128", "colon"),
        ("http://%3A:@proxy:3128", "colon"),
        ("http://%25%3a:password@proxy", "colon"),
        ("http://user%0D%0AX-Evil: 1:password@proxy", "control"),
        ("http://user:pass%00word@proxy", "control"),
        ("http://user:pass%7Fword@proxy", "control"),
    ] {
        refused(config().with_proxy(url), "proxy URL", why);
    }
    // A password may contain a colon, or text that looks like an encoded one.
    for url in ["http://user:a%3Ab:c@proxy", "http://user%253a:x@proxy", "http://100%:x@proxy"] {
        drop(config().with_proxy(url).expect("it is a proxy"));
    }
    for url in ["http://proxy", "http://proxy/", "http://[::1]:3128", "http://%C3%BC!$&'()*+,;=:p%40%25@proxy:3128"] {
        drop(config().with_proxy(url).expect("it is a proxy"));
    }
    let proxied = config().with_proxy("http://user:password@proxy.example.org:3128").expect("it is a proxy");
    assert_eq!(proxied.proxy().and_then(|url| url.port()), Some(3128));
}

#[test]
fn unusable_times_and_limits_are_refused_by_every_adapter() {
    let (timeouts, limits, retry) = (Timeouts::default(), Limits::default(), RetryPolicy::default());
    let second = Duration::from_secs(1);
    let with = |timeouts| config().with_timeouts(timeouts);
    for (config, what, why) in [
        (with(Timeouts { request: Duration::ZERO, ..timeouts }), "timeout `request`", "zero"),
        (with(Timeouts { listing: Duration::ZERO, ..timeouts }), "timeout `listing`", "zero"),
        (with(Timeouts { transfer_idle: Duration::ZERO, ..timeouts }), "timeout `transfer_idle`", "zero"),
        (config().with_limits(Limits { max_response_size: 0, ..limits }), "limit `max_response_size`", "zero"),
        (config().with_limits(Limits { max_list_size: 0, ..limits }), "limit `max_list_size`", "zero"),
        (config().with_limits(Limits { max_download_size: 0, ..limits }), "limit `max_download_size`", "zero"),
        (config().with_limits(Limits { max_connections: 0, ..limits }), "limit `max_connections`", "zero"),
        (config().with_retry(RetryPolicy { max_backoff: second / 4, ..retry }), "retry policy", "`initial_backoff`"),
    ] {
        refused(config.validate(), what, why);
        refused(teamwire_blocking::client(config.clone()), what, why);
        refused(teamwire_async_std::client(config), what, why);
    }
    for fine in [
        config(),
        config().with_retry(RetryPolicy::NEVER),
        config().with_retry(RetryPolicy {
            max_retries: u32::MAX,
            initial_backoff: second,
            max_backoff: second,
            ..retry
        }),
        config().with_limits(Limits {
            max_response_size: 1,
            max_list_size: 1,
            max_download_size: u64::MAX,
            max_connections: 1,
            max_idle_connections: 0,
            max_idle_age: Duration::ZERO,
        }),
        with(Timeouts { request: Duration::MAX, listing: Duration::MAX, transfer_idle: Duration::from_nanos(1) }),
    ] {
        fine.validate().expect("it can be meant");
    }
}

#[test]
fn setting_that_is_refused_leaves_nothing_half_done() {
    let refused: Result<Config, Error> = config().with_user_agent("");
    assert!(refused.is_err());
    assert!(me(config()).starts_with("https://teamwire.example.org/"));
}
