use std::{fs, path::PathBuf};

use teamwire_core::ErrorKind;

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
        assert!(text.contains(CA_FILE_VAR) && text.contains(file.path()) && text.contains(reason), "{text}");
        let mut settings = Settings::new("https://a.example.org", "app-7f3a");
        settings.ca_file = Some(file.path().to_owned());
        let text = config_from_settings(&settings, "s3cr3t-of-the-bot").expect_err("it is no use").to_string();
        assert!(text.contains("CA file") && text.contains(reason), "{text}");
    }
    let text = config_from(vars(CA_FILE_VAR, Some("/none/ca.pem"))).expect_err("there is no such file").to_string();
    assert!(text.contains(CA_FILE_VAR) && text.contains("\"/none/ca.pem\": no such file"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_not_said_to_be_missing() {
    use std::os::unix::ffi::OsStringExt;

    for broken in [URL_VAR, APP_ID_VAR, SECRET_VAR, PROXY_VAR, TIMEOUT_VAR, GIVE_UP_AFTER_VAR, CA_FILE_VAR] {
        let var = |name: &str| Some(OsString::from_vec(vec![if name == broken { 0xff } else { b'x' }]));
        let error = config_from(var).expect_err("it is not text").to_string();
        assert!(error.contains(broken) && error.contains("not Unicode"), "{error}");
    }
    let error = config_from(|_| None).expect_err("no variable is set").to_string();
    assert!(error.contains("not set"), "{error}");
}
