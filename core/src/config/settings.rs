use alloc::string::{String, ToString};
use core::{fmt, time::Duration};

use serde::Deserialize;

use super::{
    Config, Credentials, Limits, RetryPolicy, Timeouts, seconds::deserialize_optional_duration, urls::parse_base_url,
};
use crate::error::Error;

/// The settings of a client for a configuration file, in any format of serde. The Secret is not one of them, so that
/// the file need not be kept secret.
///
/// A setting with an unknown name is an error, and so is one that is invalid.
///
/// ```
/// use teamwire_core::{Config, config::Settings};
///
/// let file = r#"{ "url": "https://teamwire.example.org", "app_id": "app-id", "timeout": 5 }"#;
/// let config = Config::from_settings(&serde_json::from_str::<Settings>(file)?, "secret")?;
/// assert_eq!(config.timeouts().request.as_secs(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// With a parser of TOML in the program, it is `toml::from_str::<Settings>(&file)`.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// The base URL: see [`Config::new`].
    pub url: String,
    /// The App ID.
    pub app_id: String,
    /// The proxy: see [`Config::with_proxy`]. A password in it is secret.
    pub proxy: Option<String>,
    /// The timeout of a request; in a file, a number of seconds such as `10` or `2.5`. The [timeouts](Timeouts) for
    /// listings and transfers are the same if that is longer than their defaults.
    #[serde(default, deserialize_with = "deserialize_optional_duration")]
    pub timeout: Option<Duration>,
    /// The time for which a request is retried, as often as fits: see [`RetryPolicy::within`]; in a file, a number of
    /// seconds. By default a request is retried three times.
    #[serde(default, deserialize_with = "deserialize_optional_duration")]
    pub give_up_after: Option<Duration>,
    /// The maximum number of retries of a request: see [`RetryPolicy::max_retries`]. With
    /// [`give_up_after`](Self::give_up_after), both limits hold.
    pub max_retries: Option<u32>,
    /// The limits on sizes and connections. In a file, those that are left out have their defaults.
    #[serde(default)]
    pub limits: Limits,
    /// The name of the program in the `User-Agent` header: see [`Config::with_user_agent`].
    pub user_agent: Option<String>,
    /// The path of a file with the certificates of private CAs, in PEM. The adapters read it.
    pub ca_file: Option<String>,
}

impl Settings {
    /// Creates settings without the optional ones, which can be set.
    pub fn new(url: impl Into<String>, app_id: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            app_id: app_id.into(),
            proxy: None,
            timeout: None,
            give_up_after: None,
            max_retries: None,
            limits: Limits::default(),
            user_agent: None,
            ca_file: None,
        }
    }
}

impl Config {
    /// Same as [`Config::new`], with these settings, and the Secret from somewhere else.
    ///
    /// # Errors
    ///
    /// `InvalidInput` that names the setting that is invalid. This includes [`ca_file`](Settings::ca_file), because the
    /// core reads no files: with it, use `config_from_settings` of an adapter.
    pub fn from_settings(settings: &Settings, secret: impl Into<String>) -> Result<Self, Error> {
        let Settings { url, app_id, proxy, timeout, give_up_after, max_retries, limits, user_agent, ca_file } =
            settings;
        if ca_file.is_some() {
            return Err(Error::invalid("CA file", "only `config_from_settings` of an adapter reads it"));
        }
        let mut config = Self::new(url, Credentials::new(app_id, secret)?)?.with_limits(*limits);
        for (name, time) in [("timeout", timeout), ("time to give up after", give_up_after)] {
            if time.is_some_and(|time| time.is_zero()) {
                return Err(Error::invalid(name, "must be greater than zero"));
            }
        }
        let mut retry = give_up_after.map_or_else(RetryPolicy::default, RetryPolicy::within);
        retry.max_retries = max_retries.unwrap_or(retry.max_retries);
        config = config.with_retry(retry);
        if let Some(name) = user_agent {
            config = config.with_user_agent(name)?;
        }
        if let Some(timeout) = *timeout {
            let Timeouts { listing, transfer_idle, .. } = Timeouts::default();
            config = config.with_timeouts(Timeouts {
                request: timeout,
                listing: listing.max(timeout),
                transfer_idle: transfer_idle.max(timeout),
            });
        }
        match proxy {
            Some(proxy) => config.with_proxy(proxy),
            None => Ok(config),
        }
    }
}

/// Shows all settings except secrets, which an invalid URL may contain.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &parse_base_url(&self.url).map_or_else(|error| error.to_string(), String::from))
            .field("has_proxy", &self.proxy.is_some())
            .field("timeout", &self.timeout)
            .field("give_up_after", &self.give_up_after)
            .field("max_retries", &self.max_retries)
            .field("limits", &self.limits)
            .field("user_agent", &self.user_agent)
            .field("ca_file", &self.ca_file)
            .finish_non_exhaustive()
    }
}
