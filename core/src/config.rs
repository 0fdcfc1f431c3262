//! Every option there is, for all executors.

mod credentials;
mod escapes;
mod limits;
mod redaction;
mod runs;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use percent_encoding::percent_decode_str;
use secrecy::zeroize::Zeroizing;
use url::{Host, Url};

pub(crate) use self::redaction::{Kind, Redaction};
pub use self::{
    credentials::Credentials,
    limits::{Limits, RetryPolicy, Timeouts},
};
use crate::error::{Error, InvalidInput};

/// Where the backend is, who the bot is, and how to talk: the options that every executor obeys.
///
/// ```
/// use teamwire_core::{config::Timeouts, Config, Credentials};
/// use core::time::Duration;
///
/// let config = Config::new("https://teamwire.example.org", Credentials::new("app-id", "secret")?)?
///     .with_timeouts(Timeouts { default: Duration::from_secs(5), ..Timeouts::default() })
///     .with_hide_deleted_messages(false);
/// # Ok::<(), teamwire_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) base: Url,
    pub(crate) credentials: Credentials,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: RetryPolicy,
    pub(crate) limits: Limits,
    pub(crate) hide_deleted_messages: bool,
    pub(crate) user_agent: String,
    root_certificates: Vec<Vec<u8>>,
    proxy: Option<Url>,
    tunnels_plain_http: bool,
    allows_plain_http: bool,
}

/// The variable that [`Config::from_vars`] takes the base URL from.
pub const URL_VAR: &str = "TEAMWIRE_URL";
/// The variable that [`Config::from_vars`] takes the App ID from.
pub const APP_ID_VAR: &str = "TEAMWIRE_APP_ID";
/// The variable that [`Config::from_vars`] takes the Secret from.
pub const SECRET_VAR: &str = "TEAMWIRE_SECRET";

impl Config {
    /// The backend at `base_url` (scheme, host, and where it needs them port and path), with every option at its default.
    ///
    /// Raises `InvalidInput` for anything that is not such a URL, and for `http://` to a host other than this
    /// machine's loopback: see [`Config::new_insecure`].
    pub fn new(base_url: &str, credentials: Credentials) -> Result<Self, Error> {
        let mut config = Self::new_insecure(base_url, credentials)?;
        config.allows_plain_http = false;
        if config.base.scheme() == "http" && !is_loopback(&config.base) {
            return Err(Error::invalid(
                "base URL",
                "`http://` would send the credentials in the clear to another machine; use `https://`, \
                 or `Config::allowing_plain_http` if that is what you want",
            ));
        }
        Ok(config)
    }

    /// As [`Config::new`], but `http://` may go to any host: the credentials then cross the network in the clear.
    pub fn new_insecure(base_url: &str, credentials: Credentials) -> Result<Self, Error> {
        Ok(Self {
            base: base(base_url)?,
            credentials,
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            hide_deleted_messages: true,
            user_agent: concat!("teamwire-rust/", env!("CARGO_PKG_VERSION")).to_string(),
            root_certificates: Vec::new(),
            proxy: None,
            tunnels_plain_http: false,
            allows_plain_http: true,
        })
    }

    /// As [`Config::new`], from the variables `TEAMWIRE_URL`, `TEAMWIRE_APP_ID` and `TEAMWIRE_SECRET`,
    /// which `var` looks up. Raises `InvalidInput` naming the one that is missing or wrong.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let get = |name: &str| var(name).ok_or_else(|| Error::invalid(name, "the variable is not set"));
        let (url, app_id, secret) = (get(URL_VAR)?, get(APP_ID_VAR)?, get(SECRET_VAR)?);
        let config = Credentials::new(app_id, secret).and_then(|credentials| Self::new(&url, credentials));
        config.map_err(|error| match error {
            Error::InvalidInput(InvalidInput { parameter: what, reason: why }) => {
                let name = match what.as_str() {
                    "App ID" => APP_ID_VAR,
                    "Secret" => SECRET_VAR,
                    _ => URL_VAR,
                };
                Error::invalid(name, why)
            }
            other => other,
        })
    }

    /// How long to wait for an answer, by class of request. Default: 10 s, 15 s and 60 s. The adapter raises `InvalidInput` when
    /// it connects, if one of them is zero.
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// When to try again, and how patiently. The adapter raises `InvalidInput` when it connects, if the first wait is longer than
    /// the longest.
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How much to take in, and how many connections to keep. The adapter raises `InvalidInput` when it connects, if nothing may be
    /// taken in.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether lists leave out messages that their sender deleted. Default: `true`. If `false`, they come with
    /// [`deleted`](crate::Message::deleted) set and without their content.
    #[doc(alias = "hide_deleted_messages")]
    pub fn with_hide_deleted_messages(mut self, hide: bool) -> Self {
        self.hide_deleted_messages = hide;
        self
    }

    /// What to call this program in the `User-Agent` header, before this library's own name.
    /// Raises `InvalidInput` unless it is printable ASCII, and no longer than what servers take.
    pub fn with_user_agent(mut self, name: &str) -> Result<Self, Error> {
        if name.trim().is_empty() || !name.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Err(Error::invalid("user agent", "it must be printable ASCII, and not empty"));
        }
        self.user_agent = format!("{name} {}", self.user_agent);
        if self.user_agent.len() > MAX_USER_AGENT_BYTES {
            return Err(Error::invalid("user agent", "it is too long"));
        }
        Ok(self)
    }

    /// Trusts the certificates in this PEM text as well as the public ones: the private CA of an installation.
    /// The adapter raises `InvalidInput` when it connects, if there is none in it.
    pub fn with_root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Goes through this HTTP proxy: `http://[user:password@]host:port`. Nothing in the environment sets one.
    pub fn with_proxy(mut self, url: &str) -> Result<Self, Error> {
        let proxy = Url::parse(url).map_err(|why| Error::invalid("proxy URL", why.to_string()))?;
        let has_more = proxy.path().len() > 1 || proxy.query().is_some() || proxy.fragment().is_some();
        if proxy.scheme() != "http" || proxy.host().is_none() || has_more {
            return Err(Error::invalid("proxy URL", "it must be `http://host:port`"));
        }
        // The parser encodes every colon that belongs to the name. RFC 7617 has neither these nor control characters.
        if encoded_bytes(proxy.username()).any(|byte| byte == b':') {
            return Err(Error::invalid("proxy URL", "a user name with a colon cannot be sent to a proxy"));
        }
        let login = [proxy.username(), proxy.password().unwrap_or_default()];
        if login.into_iter().flat_map(encoded_bytes).any(|byte| byte.is_ascii_control()) {
            return Err(Error::invalid("proxy URL", "a control character in a login cannot be sent to a proxy"));
        }
        if proxy.port() == Some(0) {
            return Err(Error::invalid("proxy URL", "there is no port 0"));
        }
        if proxy.as_str().len() > MAX_URL_BYTES {
            return Err(Error::invalid("proxy URL", "it is too long"));
        }
        if http::Uri::try_from(proxy.as_str()).is_err() {
            return Err(Error::invalid("proxy URL", "its host has a character that no host has"));
        }
        if self.base.scheme() == "http" && !self.allows_plain_http && !is_loopback(&proxy) {
            let why = "with a base URL of `http://` it would be sent the credentials in the clear";
            return Err(Error::invalid("proxy URL", why));
        }
        let [user, password] =
            login.map(|part| Zeroizing::new(percent_decode_str(part).decode_utf8_lossy().into_owned()));
        self.credentials.with_proxy(&user, &password);
        self.proxy = Some(proxy);
        Ok(self)
    }

    /// Has the proxy of [`Config::with_proxy`] open a tunnel (`CONNECT`) for `http://` as well. Default: `false`, the proxy
    /// is sent each request with its whole URL. Requests to `https://` always go through a tunnel.
    pub fn with_tunnel_for_plain_http(mut self, tunnel: bool) -> Self {
        self.tunnels_plain_http = tunnel;
        self
    }

    /// Validates timeouts, limits and the retry policy. Executors call it when a client is created.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for settings with which no request could succeed, or which contradict each other.
    pub fn validate(&self) -> Result<(), Error> {
        let Timeouts { request, listing, transfer_idle } = self.timeouts;
        for (name, time) in [("request", request), ("listing", listing), ("transfer_idle", transfer_idle)] {
            if time.is_zero() {
                return Err(Error::invalid(format!("timeout `{name}`"), "must be greater than zero"));
            }
        }
        let Limits { max_response_body, max_list, max_download, .. } = self.limits;
        let limits = [("max_response_body", max_response_body), ("max_list", max_list), ("max_download", max_download)];
        for (name, bytes) in limits {
            if bytes == 0 {
                return Err(Error::invalid(format!("limit `{name}`"), "must be greater than zero"));
            }
        }
        if self.retry.initial_backoff > self.retry.max_backoff {
            return Err(Error::invalid("retry policy", "`initial_backoff` must not exceed `max_backoff`"));
        }
        Ok(())
    }

    /// The backend's base URL. Ends in a slash.
    pub fn base_url(&self) -> &Url {
        &self.base
    }

    /// What [`Config::with_limits`] set.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What [`Config::with_timeouts`] set.
    pub fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Each PEM text given to [`Config::with_root_certificates_pem`].
    pub fn root_certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.root_certificates.iter().map(Vec::as_slice)
    }

    /// What [`Config::with_proxy`] set. It may hold a password: not for logs.
    pub fn proxy(&self) -> Option<&Url> {
        self.proxy.as_ref()
    }

    /// Returns what [`Config::with_tunnel_for_plain_http`] set.
    pub fn tunnels_plain_http(&self) -> bool {
        self.tunnels_plain_http
    }
}

/// The bytes that are percent-encoded in this part of a URL.
fn encoded_bytes(part: &str) -> impl Iterator<Item = u8> {
    part.split('%').skip(1).filter_map(|after| u8::from_str_radix(after.get(..2)?, 16).ok())
}

/// The longest base URL, in bytes: it leaves room for a path and a query in an `http::Uri`. And the longest of a proxy.
const MAX_URL_BYTES: usize = 2048;
/// The longest `User-Agent`, in bytes. Servers refuse a head of more than 8 KB, some of 4.
const MAX_USER_AGENT_BYTES: usize = 1024;

fn base(text: &str) -> Result<Url, Error> {
    let refuse = |why: &str| Err(InvalidInput::new("base URL", why).into());
    // The text is not repeated in the error: somebody may have put a password into it.
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(why) => return refuse(&why.to_string()),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("the scheme must be `https` (or `http` for this machine's loopback)");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("credentials do not belong in the URL");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("it must end with the path: no `?` and no `#`");
    }
    // A URL may have any length, and hosts that `http::Uri` does not take.
    if url.as_str().len() > MAX_URL_BYTES {
        return refuse("it is too long");
    }
    if url.port() == Some(0) {
        return refuse("there is no port 0");
    }
    if http::Uri::try_from(url.as_str()).is_err() {
        return refuse("its host has a character that no host has");
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Shows every option but what is confidential.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("base", &self.base.as_str())
            .field("credentials", &self.credentials)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .field("hide_deleted_messages", &self.hide_deleted_messages)
            .field("user_agent", &self.user_agent)
            .field("root_certificates", &self.root_certificates.len())
            .field("proxy", &self.proxy.as_ref().and_then(|url| url.host_str().map(|host| (host, url.port()))))
            .field("tunnels_plain_http", &self.tunnels_plain_http)
            .field("allows_plain_http", &self.allows_plain_http)
            .finish()
    }
}
