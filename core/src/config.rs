//! The configuration of a client, for all executors.

mod limits;
mod seconds;
mod settings;
mod urls;
mod vars;

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::fmt;

use url::Url;

use self::urls::{Proxy, is_loopback, parse_base_url, parse_proxy_url};
pub use self::{
    limits::{Limits, RetryPolicy, Timeouts},
    settings::Settings,
    vars::{
        APP_ID_VAR, CA_FILE_VAR, GIVE_UP_AFTER_VAR, MAX_CONNECTIONS_VAR, PROXY_VAR, SECRET_FILE_VAR, SECRET_VAR,
        TIMEOUT_VAR, URL_VAR,
    },
};
pub use crate::credentials::Credentials;
use crate::{
    error::Error,
    observe::{Observer, SharedObserver},
    protocol::{Protocol, V1},
};

/// The configuration of a client: base URL, credentials, timeouts, retries, limits, certificates and proxy.
///
/// ```
/// use core::time::Duration;
/// use teamwire_core::{Config, Credentials, config::Timeouts};
///
/// let config = Config::new("https://teamwire.example.org", Credentials::new("app-id", "secret")?)?
///     .with_timeouts(Timeouts { request: Duration::from_secs(5), ..Timeouts::default() })
///     .with_hide_deleted_messages(false);
/// # Ok::<(), teamwire_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a configuration does nothing until a client is created"]
pub struct Config {
    pub(crate) base: Url,
    pub(crate) credentials: Credentials,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: RetryPolicy,
    pub(crate) limits: Limits,
    pub(crate) hide_deleted_messages: bool,
    pub(crate) user_agent: String,
    pub(crate) protocol: Arc<dyn Protocol>,
    pub(crate) observer: Option<SharedObserver>,
    root_certificates: Vec<Vec<u8>>,
    proxy: Option<Url>,
    tunnels_plain_http: bool,
    allows_plain_http: bool,
}

impl Config {
    /// Creates a configuration for the backend at `base_url` (scheme, host, optional port and path), with defaults for
    /// everything else.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `base_url` is not such a URL, or if it is an `http://` URL whose host is not a loopback
    /// address (`localhost`, `127.0.0.0/8`, `[::1]`): see [`Config::new_insecure`].
    pub fn new(base_url: &str, credentials: Credentials) -> Result<Self, Error> {
        let mut config = Self::new_insecure(base_url, credentials)?;
        config.allows_plain_http = false;
        if config.base.scheme() == "http" && !is_loopback(&config.base) {
            return Err(Error::invalid(
                "base URL",
                "`http://` would send the credentials in the clear to another machine; use `https://`, \
                 or `Config::new_insecure` if this is intended",
            ));
        }
        Ok(config)
    }

    /// Same as [`Config::new`], but allows `http://` to any host.
    ///
    /// With `http://`, neither the credentials nor the messages are encrypted, and the server is not authenticated:
    /// anyone on the way can read and change them. It also allows [`with_proxy`](Self::with_proxy) to send them to a
    /// remote proxy. Use it only if something else protects the connection, such as a VPN or a local proxy that speaks
    /// TLS. With `https://` there is no difference to [`Config::new`].
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `base_url` is not an `https://` or `http://` URL, or has a user name, password, query or
    /// fragment.
    pub fn new_insecure(base_url: &str, credentials: Credentials) -> Result<Self, Error> {
        Ok(Self {
            base: parse_base_url(base_url)?,
            credentials,
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            hide_deleted_messages: true,
            user_agent: concat!("teamwire-rust/", env!("CARGO_PKG_VERSION")).to_string(),
            protocol: Arc::new(V1),
            observer: None,
            root_certificates: Vec::new(),
            proxy: None,
            tunnels_plain_http: false,
            allows_plain_http: true,
        })
    }

    /// Sets the HTTP protocol of the backend: see the module [`protocol`](crate::protocol). Default: [`V1`], the
    /// contract of this project.
    pub fn with_protocol(mut self, protocol: impl Protocol) -> Self {
        self.protocol = Arc::new(protocol);
        self
    }

    /// Adds an observer of all operations and feeds: see the module [`observe`](crate::observe). If there are several,
    /// they are called in the order in which they were added.
    pub fn with_observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(SharedObserver::after(self.observer.take(), observer));
        self
    }

    /// Sets the timeouts by class of request. Default: 10 s, 15 s and 60 s. Zero is rejected when the client is
    /// created.
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the retry policy. An initial backoff above the maximum is rejected when the client is created.
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the limits on sizes and connections. Sizes of zero are rejected when the client is created.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets whether lists and feeds leave out messages that were deleted by their sender. Default: `true`. If `false`,
    /// such messages have [`deleted`](crate::Message::deleted) set and no content.
    #[doc(alias = "hide_deleted_messages")]
    pub fn with_hide_deleted_messages(mut self, hide: bool) -> Self {
        self.hide_deleted_messages = hide;
        self
    }

    /// Prepends the name of this program to the `User-Agent` header.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `name` is empty, contains anything but printable ASCII, or makes the header longer than 1,024
    /// bytes.
    pub fn with_user_agent(mut self, name: &str) -> Result<Self, Error> {
        if name.trim().is_empty() || !name.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Err(Error::invalid("user agent", "must be printable ASCII and not empty"));
        }
        let max = MAX_USER_AGENT_BYTES.saturating_sub(self.user_agent.len() + 1);
        if name.len() > max {
            return Err(Error::invalid("user agent", format!("must be at most {max} characters")));
        }
        self.user_agent = format!("{name} {}", self.user_agent);
        Ok(self)
    }

    /// Trusts the certificates in this PEM text in addition to the public ones, for an installation with a private CA.
    /// Text without a valid certificate is rejected when the client is created.
    pub fn with_root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Sends all requests through this HTTP proxy: `http://[user:password@]host:port`. The only environment variable
    /// that sets a proxy is `TEAMWIRE_PROXY`, for [`from_vars`](Self::from_vars).
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `url` is not such a URL, if the user name has a colon or the login a control character, both
    /// of which HTTP does not allow, or if a remote proxy would receive the bot's credentials in the clear: the base
    /// URL is `http://`, and the configuration was not created by [`Config::new_insecure`].
    pub fn with_proxy(mut self, url: &str) -> Result<Self, Error> {
        let Proxy { url, user, password } = parse_proxy_url(url)?;
        if self.base.scheme() == "http" && !self.allows_plain_http && !is_loopback(&url) {
            return Err(Error::invalid(
                "proxy URL",
                "the proxy would receive the credentials in the clear, as the base URL is `http://`",
            ));
        }
        self.credentials.with_proxy(&user, &password);
        self.proxy = Some(url);
        Ok(self)
    }

    /// Sets whether requests to `http://` are sent through a tunnel (`CONNECT`) of the proxy. Default: `false`: the
    /// proxy receives each request with its absolute URL. Requests to `https://` always use a tunnel.
    pub fn with_tunnel_for_plain_http(mut self, tunnel: bool) -> Self {
        self.tunnels_plain_http = tunnel;
        self
    }

    /// Validates timeouts, limits, the retry policy and, by the rules of the protocol, the credentials. Executors call
    /// it when a client is created.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if a timeout or a size limit is zero, if the initial backoff exceeds the maximum, or if the
    /// protocol cannot transmit the credentials: with [`V1`], an App ID must not contain a colon.
    pub fn validate(&self) -> Result<(), Error> {
        let Timeouts { request, listing, transfer_idle } = self.timeouts;
        for (name, time) in [("request", request), ("listing", listing), ("transfer_idle", transfer_idle)] {
            if time.is_zero() {
                return Err(Error::invalid(format!("timeout `{name}`"), "must be greater than zero"));
            }
        }
        let Limits { max_response_size, max_list_size, max_download_size, max_connections, .. } = self.limits;
        let limits = [
            ("max_response_size", max_response_size),
            ("max_list_size", max_list_size),
            ("max_download_size", max_download_size),
            ("max_connections", max_connections as u64),
        ];
        for (name, limit) in limits {
            if limit == 0 {
                return Err(Error::invalid(format!("limit `{name}`"), "must be greater than zero"));
            }
        }
        if self.retry.initial_backoff > self.retry.max_backoff {
            return Err(Error::invalid("retry policy", "`initial_backoff` must not exceed `max_backoff`"));
        }
        self.protocol.check_credentials(&self.credentials)
    }

    /// Returns the base URL of the backend. It ends in a slash.
    pub fn base_url(&self) -> &Url {
        &self.base
    }

    /// Returns the limits: see [`Config::with_limits`].
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the timeouts: see [`Config::with_timeouts`].
    pub fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Returns the retry policy: see [`Config::with_retry`].
    pub fn retry(&self) -> &RetryPolicy {
        &self.retry
    }

    /// Returns the PEM texts given to [`Config::with_root_certificates_pem`].
    pub fn root_certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.root_certificates.iter().map(Vec::as_slice)
    }

    /// Returns the proxy: see [`Config::with_proxy`]. The URL may contain a password and must not be logged.
    pub fn proxy(&self) -> Option<&Url> {
        self.proxy.as_ref()
    }

    /// Returns `true` if requests to `http://` use a tunnel: see [`Config::with_tunnel_for_plain_http`].
    pub fn tunnels_plain_http(&self) -> bool {
        self.tunnels_plain_http
    }
}

/// Maximum length of the `User-Agent`, in bytes. Servers reject a head of more than 8 KB, some of more than 4 KB.
const MAX_USER_AGENT_BYTES: usize = 1024;

/// Shows all settings except secrets.
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
            .field("protocol", &self.protocol)
            .field("observer", &self.observer)
            .field("root_certificates", &self.root_certificates.len())
            .field("proxy", &self.proxy.as_ref().and_then(|url| url.host_str().map(|host| (host, url.port()))))
            .field("tunnels_plain_http", &self.tunnels_plain_http)
            .field("allows_plain_http", &self.allows_plain_http)
            .finish()
    }
}
