use std::{fs, path::PathBuf};

use teamwire_core::{
    Client, ErrorKind,
    effect::{Moment, Now},
    executor::Manual,
    http::HeaderValue,
    machine::{Machine, Step},
};

use super::*;

/// A file for the test.
struct TestFile(PathBuf);

impl TestFile {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("teamwire-config-{}-{name}", std::process::id()));
        fs::write(&path, content).expect("it can be written");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("it is Unicode")
    }

    /// Returns the path as messages have it.
    fn quoted_path(&self) -> String {
        format!("{:?}", self.path())
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Returns the variables, of which one may have another value.
fn vars(changed: &str, value: Option<&str>) -> impl Fn(&str) -> Option<OsString> {
    move |name| {
        let usual = [(URL_VAR, "https://a.example.org"), (APP_ID_VAR, "app-7f3a"), (SECRET_VAR, "s3cr3t-of-the-bot")];
        let usual = usual.iter().find(|(usual, _)| *usual == name).map(|(_, value)| *value);
        if name == changed { value } else { usual }.map(OsString::from)
    }
}

/// A certificate of a CA. It is not a secret.
const CA: &[u8] = include_bytes!("ca.pem");

#[test]
fn certificates_of_a_private_ca_are_read() {
    let file = TestFile::new("ca.pem", CA);
    let config = config_from(vars(CA_FILE_VAR, Some(file.path()))).expect("it has a certificate");
    assert!(config.root_certificates().eq([CA]));
    let mut settings = Settings::new("https://a.example.org", "app-7f3a");
    settings.ca_file = Some(file.path().to_owned());
    let config = config_from_settings(&settings, "s3cr3t-of-the-bot").expect("it has a certificate");
    assert!(config.root_certificates().eq([CA]));
    let error = Config::from_settings(&settings, "s3cr3t-of-the-bot").expect_err("the core reads no files");
    assert!(error.to_string().contains("config_from_settings"), "{error}");
    let config = config_from(vars(CA_FILE_VAR, Some(""))).expect("an empty variable is not set");
    assert_eq!(config.root_certificates().count(), 0);
}

#[test]
fn file_without_certificates_is_named() {
    for (content, reason) in [
        ("", "no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1 is invalid"),
        ("-----BEGIN CERTIFICATE-----\n", "the PEM text is invalid"),
    ] {
        let file = TestFile::new("bad.pem", content.as_bytes());
        let error = config_from(vars(CA_FILE_VAR, Some(file.path()))).expect_err("it is no use");
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(text.contains(CA_FILE_VAR) && text.contains(&file.quoted_path()) && text.contains(reason), "{text}");
        let mut settings = Settings::new("https://a.example.org", "app-7f3a");
        settings.ca_file = Some(file.path().to_owned());
        let text = config_from_settings(&settings, "s3cr3t-of-the-bot").expect_err("it is no use").to_string();
        assert!(text.contains("CA file") && text.contains(reason), "{text}");
    }
    let text = config_from(vars(CA_FILE_VAR, Some("/none/ca.pem"))).expect_err("there is no such file").to_string();
    assert!(text.contains(CA_FILE_VAR) && text.contains("\"/none/ca.pem\": no such file"), "{text}");
}

/// Returns variables with this file instead of the Secret.
fn with_secret_file(path: &str) -> impl Fn(&str) -> Option<OsString> {
    move |name| if name == SECRET_FILE_VAR { Some(path.into()) } else { vars(SECRET_VAR, None)(name) }
}

/// Returns the header with the credentials.
fn authorization(config: Config) -> HeaderValue {
    let now = Now::new(Moment::EPOCH, chrono::DateTime::UNIX_EPOCH);
    let client = Client::new(Manual::new(config, [7; 32], now));
    let Step::Send(_, exchange) = client.contacts().me().poll(now) else { panic!("it sends a request") };
    exchange.request.headers()["authorization"].clone()
}

#[test]
fn secret_is_read_from_a_file() {
    for (name, content) in [("none", ""), ("unix", "\n"), ("windows", "\r\n")] {
        let file = TestFile::new(name, format!("s3cr3t in a file{content}").as_bytes());
        let config = config_from(with_secret_file(file.path())).expect("the file has a Secret");
        let same = config_from(vars(SECRET_VAR, Some("s3cr3t in a file"))).expect("it is valid");
        assert_eq!(authorization(config), authorization(same));
    }
    let file = TestFile::new("unused", b"s3cr3t in a file");
    let var = with_secret_file(file.path());
    let empty = |name: &str| if name == SECRET_VAR { Some(OsString::new()) } else { var(name) };
    drop(config_from(empty).expect("an empty variable is not set"));
    let both = |name: &str| if name == SECRET_VAR { Some("s3cr3t-of-the-bot".into()) } else { var(name) };
    let text = config_from(both).expect_err("it is unclear").to_string();
    assert!(text.contains(SECRET_FILE_VAR) && text.contains("is set as well") && !text.contains("s3cr3t"), "{text}");
    let only_file = |name: &str| if name == SECRET_FILE_VAR { Some(file.path().into()) } else { None };
    let text = config_from(only_file).expect_err("the others are missing").to_string();
    assert!(text.contains("TEAMWIRE_URL, TEAMWIRE_APP_ID: "), "{text}");
}

#[test]
fn file_without_a_secret_is_named_and_its_content_is_not_shown() {
    let long = "s3cr3t".repeat(3_000);
    for (content, reason) in [
        (&b""[..], "must not be empty"),
        (b"\n", "must not be empty"),
        (b"s3cr\x00t", "control characters"),
        (b"s3cr3t\nin two lines\n", "control characters"),
        (b"s3cr3t \xff", "UTF-8"),
        (b"s3c", "at least"),
        (long.as_bytes(), "more than 16384 bytes"),
    ] {
        let file = TestFile::new("bad-secret", content);
        let error = config_from(with_secret_file(file.path())).expect_err("it has no Secret");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let text = format!("{error} {error:#} {error:?} {error:#?}");
        assert!(
            text.contains(SECRET_FILE_VAR) && text.contains(&file.quoted_path()) && text.contains(reason),
            "{text}"
        );
        assert!(!text.contains("s3c"), "{text}");
    }
    let text = config_from(with_secret_file("/none/secret")).expect_err("there is no such file").to_string();
    assert!(text.contains(SECRET_FILE_VAR) && text.contains("\"/none/secret\": no such file"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_not_said_to_be_missing() {
    use std::os::unix::ffi::OsStringExt;

    for broken in NAMES {
        let var = |name: &str| Some(OsString::from_vec(vec![if name == broken { 0xff } else { b'x' }]));
        let error = config_from(var).expect_err("it is not text").to_string();
        assert!(error.contains(broken) && error.contains("not Unicode"), "{error}");
    }
    let error = config_from(|_| None).expect_err("no variable is set").to_string();
    assert!(error.contains("not set"), "{error}");
}
