//! Any text in any setting: it is accepted, or rejected with an error, and no secret is printed.

#![no_main]

use std::{array, fmt::Debug};

use base64::{Engine, prelude::BASE64_STANDARD};
use libfuzzer_sys::fuzz_target;
use teamwire_core::{
    Client, Config, Credentials, Error, ErrorKind,
    config::{
        APP_ID_VAR, CA_FILE_VAR, GIVE_UP_AFTER_VAR, MAX_CONNECTIONS_VAR, PROXY_VAR, SECRET_FILE_VAR, SECRET_VAR,
        TIMEOUT_VAR, URL_VAR,
    },
    effect::Exchange,
    executor::Manual,
    machine::{Machine, Step},
};
use teamwire_fuzz::{Network, Setup, limited, now};
use url::Url;

/// A mark that is added to secrets, so that they can be found in the output.
const MARK: &str = "7hHq2pVw";
/// Another mark of the same length.
const OTHER_MARK: &str = "Zk4c9Xr1";

/// A byte of flags, and texts separated by a byte that is not valid in UTF-8, so that seeds are readable.
struct Input {
    flags: u8,
    texts: [String; 5],
    certificates: Vec<u8>,
}

/// The settings of an input, with the mark in every secret.
struct Settings {
    url: String,
    app_id: String,
    secret: String,
    proxy: Option<String>,
    user_agent: Option<String>,
    certificates: Option<Vec<u8>>,
    allows_plain_http: bool,
    /// The variables that are not set, as bits.
    missing_variables: u8,
}

fuzz_target!(|input: &[u8]| {
    let Some(input) = Input::split(input) else { return };
    let marked = input.has(3);
    let settings = Settings::new(&input, if marked { MARK } else { "" });
    let output = limited(settings.len(), || settings.output());
    if marked {
        // Text that is also printed with other secrets is not part of a secret.
        let other_output = Settings::new(&input, OTHER_MARK).output();
        let token = settings.token();
        for secret in [MARK, &token] {
            let is_shown = output.contains(secret) && !other_output.contains(secret);
            assert!(!is_shown, "the output contains a secret with the part {secret}: {output}");
        }
    }
});

impl Input {
    fn split(input: &[u8]) -> Option<Self> {
        let (flags, texts) = input.split_first()?;
        let mut texts = texts.splitn(6, |byte| *byte == 0xFF);
        let mut next = || texts.next().unwrap_or_default();
        let texts = array::from_fn(|_| String::from_utf8_lossy(next()).into_owned());
        Some(Self { flags: *flags, texts, certificates: next().to_vec() })
    }

    fn has(&self, bit: u8) -> bool {
        self.flags & (1 << bit) != 0
    }
}

impl Settings {
    fn new(input: &Input, mark: &str) -> Self {
        let [url, app_id, secret, proxy, user_agent] = &input.texts;
        Self {
            url: with_user_info(url, mark),
            app_id: format!("{app_id}{mark}"),
            secret: format!("{secret}{mark}"),
            proxy: (!proxy.is_empty()).then(|| with_user_info(proxy, mark)),
            user_agent: (!user_agent.is_empty()).then(|| user_agent.clone()),
            certificates: (!input.certificates.is_empty()).then(|| input.certificates.clone()),
            allows_plain_http: input.has(4),
            missing_variables: input.flags & 7,
        }
    }

    fn len(&self) -> usize {
        let texts = [&self.url, &self.app_id, &self.secret].into_iter().chain(&self.proxy).chain(&self.user_agent);
        texts.map(String::len).sum::<usize>() + self.certificates.as_ref().map_or(0, Vec::len)
    }

    /// Returns everything that can be printed of these settings: errors, configurations, clients, and a request.
    fn output(&self) -> String {
        let mut output = String::new();
        record(&mut output, Config::from_vars(|name| self.variable(name)));
        let config = self.config();
        if let Ok(config) = &config {
            self.record_clients(&mut output, config);
        }
        record(&mut output, config);
        output
    }

    fn variable(&self, name: &str) -> Option<String> {
        let (bit, value) = match name {
            URL_VAR => (1, &self.url),
            APP_ID_VAR => (2, &self.app_id),
            SECRET_VAR => (4, &self.secret),
            PROXY_VAR => return self.proxy.clone(),
            // Only a text that may be meant as a number, as otherwise nothing else is read.
            TIMEOUT_VAR | GIVE_UP_AFTER_VAR | MAX_CONNECTIONS_VAR => {
                return self.user_agent.clone().filter(|text| text.starts_with(|it: char| it.is_ascii_digit()));
            }
            // The core reads no files, and rejects these.
            SECRET_FILE_VAR | CA_FILE_VAR => return None,
            other => panic!("unknown variable: {other}"),
        };
        (self.missing_variables & bit == 0).then(|| value.clone())
    }

    fn config(&self) -> Result<Config, Error> {
        let credentials = Credentials::new(&*self.app_id, &*self.secret)?;
        let new = if self.allows_plain_http { Config::new_insecure } else { Config::new };
        let mut config = new(&self.url, credentials)?;
        if let Some(proxy) = &self.proxy {
            config = config.with_proxy(proxy)?;
        }
        if let Some(name) = &self.user_agent {
            config = config.with_user_agent(name)?;
        }
        if let Some(pem) = &self.certificates {
            config = config.with_root_certificates_pem(pem.as_slice());
        }
        Ok(config)
    }

    /// Creates clients with accepted settings. Each client works up to its first request, or is rejected with an error.
    fn record_clients(&self, output: &mut String, config: &Config) {
        let (setup, nothing) = Setup::split(&[0; 5]).expect("five bytes are enough");
        record(output, teamwire_async_std::client_on(Network::new(setup, &nothing), config.clone()));
        record(output, teamwire_blocking::client(config.clone()));

        let client = Client::new(Manual::new(config.clone(), [7; 32], now()));
        record(output, Ok(client.clone()));
        match client.contacts().me().poll(now()) {
            Step::Send(_, exchange) => {
                self.assert_authorized(&exchange);
                record(output, Ok(exchange));
            }
            other => panic!("expected a request, got {other:?}"),
        }
    }

    /// Asserts that a request has the given credentials.
    fn assert_authorized(&self, exchange: &Exchange) {
        let sent = exchange.request.headers()["authorization"].to_str().expect("ASCII");
        assert_eq!(sent, format!("Basic {}", self.token()), "the request has other credentials");
    }

    /// Returns the credentials in the form of a request.
    fn token(&self) -> String {
        BASE64_STANDARD.encode(format!("{}:{}", self.app_id, self.secret))
    }
}

/// Adds the mark to the user information of a URL. Returns the URL unchanged if that would be another part of it.
fn with_user_info(url: &str, mark: &str) -> String {
    let Some((user_info, host)) = url.rsplit_once('@') else { return url.to_owned() };
    let marked = format!("{user_info}{mark}@{host}");
    let has_mark = match Url::parse(&marked) {
        Ok(url) => url.username().contains(mark) || url.password().is_some_and(|password| password.contains(mark)),
        Err(_) => true,
    };
    if has_mark { marked } else { url.to_owned() }
}

/// Prints a result. Errors are printed as `Display` and `Debug`, and have to be of the kind `InvalidInput`.
fn record(output: &mut String, result: Result<impl Debug, Error>) {
    let text = match result {
        Ok(value) => format!("{value:?}\n"),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            format!("{error:#}\n{error:#?}\n")
        }
    };
    output.push_str(&text);
}
