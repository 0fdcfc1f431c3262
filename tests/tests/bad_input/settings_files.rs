//! Settings of configuration files.

use std::time::Duration;

use teamwire_core::{
    Client, Config,
    config::{Limits, RetryPolicy, Settings, Timeouts},
    executor::Manual,
};
use teamwire_tests::operations::{ENTROPY, now, request_of};

use super::refused;

#[test]
fn settings_of_a_file_are_read() {
    let file = r#"{
        "url": "https://a.example.org", "app_id": "app", "proxy": "http://proxy:3128", "timeout": 20,
        "give_up_after": 90.5, "max_retries": 7, "user_agent": "bridge/1.2",
        "limits": { "max_connections": 9, "max_idle_connections": 4, "max_idle_age": 2.5 }
    }"#;
    let settings: Settings = serde_json::from_str(file).expect("they are settings");
    let config = Config::from_settings(&settings, "secret").expect("they are valid");
    assert_eq!((config.base_url().as_str(), config.proxy().is_some()), ("https://a.example.org/", true));
    assert_eq!(config.timeouts().request, Duration::from_secs(20));
    let policy = RetryPolicy { max_retries: 7, ..RetryPolicy::within(Duration::from_millis(90_500)) };
    assert_eq!(config.retry(), &policy);
    let limits = Limits {
        max_connections: 9,
        max_idle_connections: 4,
        max_idle_age: Duration::from_millis(2_500),
        ..Limits::default()
    };
    assert_eq!(config.limits(), &limits);
    let client = Client::new(Manual::new(config, ENTROPY, now()));
    let agent = request_of(&mut client.contacts().me()).headers()["user-agent"].clone();
    assert!(agent.to_str().expect("it is text").starts_with("bridge/1.2 teamwire-rust/"), "{agent:?}");
    let least: Settings = serde_json::from_str(r#"{"url": "https://a.example.org", "app_id": "app"}"#).expect("enough");
    assert_eq!(least, Settings::new("https://a.example.org", "app"));
    let config = Config::from_settings(&least, "secret").expect("they are valid");
    assert_eq!((config.timeouts(), config.retry()), (&Timeouts::default(), &RetryPolicy::default()));
    assert_eq!(config.limits(), &Limits::default());
}

#[test]
fn invalid_settings_are_named() {
    for (file, reason) in [
        (r#"{ "url": "https://a.example.org" }"#, "missing field `app_id`"),
        (r#"{ "url": "https://a.example.org", "app_id": "app", "proxi": "x" }"#, "unknown field `proxi`"),
        (r#"{ "url": "https://a.example.org", "app_id": "app", "secret": "x" }"#, "unknown field `secret`"),
        (r#"{ "url": "https://a.example.org", "app_id": "app", "timeout": -1 }"#, "must be a number of seconds"),
        (r#"{ "url": "https://a.example.org", "app_id": "app", "timeout": "10s" }"#, "invalid type: string"),
        (r#"{ "url": "https://a.example.org", "app_id": "app", "max_retries": -1 }"#, "invalid value"),
        (r#"{ "url": "https://a.example.org", "app_id": "app", "limits": { "max": 1 } }"#, "unknown field `max`"),
        (
            r#"{ "url": "https://a.example.org", "app_id": "app", "limits": { "max_idle_age": 0 } }"#,
            "must be a number of seconds",
        ),
    ] {
        let error = serde_json::from_str::<Settings>(file).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
    }
    let mut settings = Settings::new("https://a.example.org", "app");
    refused(Config::from_settings(&settings, ""), "Secret", "empty");
    settings.timeout = Some(Duration::ZERO);
    refused(Config::from_settings(&settings, "secret"), "timeout", "greater than zero");
    (settings.timeout, settings.give_up_after) = (None, Some(Duration::ZERO));
    refused(Config::from_settings(&settings, "secret"), "time to give up after", "greater than zero");
    (settings.give_up_after, settings.ca_file) = (None, Some("/etc/ca.pem".into()));
    refused(Config::from_settings(&settings, "secret"), "CA file", "`config_from_settings` of an adapter");
    (settings.ca_file, settings.proxy) = (None, Some("http://user:p4ssw0rd@proxy:3128/path".into()));
    refused(Config::from_settings(&settings, "secret"), "proxy URL", "http://host:port");
    settings.user_agent = Some("Wächter".into());
    refused(Config::from_settings(&settings, "secret"), "user agent", "printable ASCII");
    let shown = format!("{settings:?} {settings:#?}");
    assert!(!shown.contains("p4ssw0rd") && shown.contains("https://a.example.org"), "{shown}");
    for url in ["https://bot:p4ssw0rd@a.example.org", "https://a.example.org/?key=p4ssw0rd", "p4ssw0rd"] {
        let shown = format!("{:?}", Settings::new(url, "app"));
        assert!(!shown.contains("p4ssw0rd") && shown.contains("base URL"), "{shown}");
    }
    refused(Config::from_settings(&Settings::new("http://a.example.org", "app"), "secret"), "base URL", "in the clear");
}
