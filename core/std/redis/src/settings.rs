//! The URL of a server, and the environment variables.

use std::ffi::OsString;

use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, TlsCertificates,
    io::tcp::TcpSettings,
};
use teamwire_core::claim::StoreError;
use teamwire_std::{check_certificates, crypto_provider, files};

/// The environment variable with the URL.
pub const URL_VAR: &str = "TEAMWIRE_REDIS_URL";
/// The environment variable with the path of a file that contains the URL.
pub const URL_FILE_VAR: &str = "TEAMWIRE_REDIS_URL_FILE";
/// The environment variable with the path of a file that contains the certificates of private CAs.
pub const CA_FILE_VAR: &str = "TEAMWIRE_REDIS_CA_FILE";

/// Maximum length of a file with the URL, in bytes. A longer one is another file.
const MAX_URL_FILE_BYTES: u64 = 16 << 10;
/// Maximum length of a file with certificates, in bytes.
const MAX_CA_FILE_BYTES: u64 = 16 << 20;

/// A server, and the login.
#[derive(Clone)]
pub(crate) struct Settings {
    address: ConnectionAddr,
    /// The address, for errors.
    name: String,
    login: RedisConnectionInfo,
}

impl Settings {
    /// Reads a URL. Errors do not contain it.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        Self::parse_named(url, "the URL of Redis")
    }

    pub(crate) fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Result<Self, StoreError> {
        let text = |name: &str| match var(name).map(OsString::into_string) {
            Some(Ok(text)) if !text.is_empty() => Ok(Some(text)),
            Some(Err(_)) => Err(StoreError::unusable(format!("{name}: the variable is not Unicode"))),
            _ => Ok(None),
        };
        let settings = match (text(URL_VAR)?, text(URL_FILE_VAR)?) {
            (Some(url), None) => Self::parse_named(&url, URL_VAR)?,
            (None, Some(path)) => {
                let bytes = read(URL_FILE_VAR, &path, MAX_URL_FILE_BYTES)?;
                let name = format!("{URL_FILE_VAR}: the file {path:?}");
                let url = String::from_utf8(bytes)
                    .map_err(|_| StoreError::unusable(format!("{name} must be text in UTF-8")))?;
                Self::parse_named(url.trim_end_matches(['\r', '\n']), &name)?
            }
            (None, None) => return Err(StoreError::unusable(format!("{URL_VAR}: the variable is not set"))),
            (Some(_), Some(_)) => {
                let reason =
                    format!("{URL_FILE_VAR}: `{URL_VAR}` is set as well, and it is unclear which of them is meant");
                return Err(StoreError::unusable(reason));
            }
        };
        match text(CA_FILE_VAR)? {
            Some(path) => {
                let pem = read(CA_FILE_VAR, &path, MAX_CA_FILE_BYTES)?;
                settings.trusting(pem, &format!("{CA_FILE_VAR}: the file {path:?}"))
            }
            None => Ok(settings),
        }
    }

    /// Sets the CAs that are trusted.
    pub(crate) fn with_root_certificates(self, pem: Vec<u8>) -> Result<Self, StoreError> {
        self.trusting(pem, "root certificates")
    }

    /// The address: host and port, or the path of a socket.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the user and the password.
    pub(crate) fn login(&self) -> Option<(Option<&str>, &str)> {
        Some((self.login.username(), self.login.password()?))
    }

    pub(crate) fn database(&self) -> i64 {
        self.login.db()
    }

    /// Returns the settings of a connection without the login, which is performed by commands, so that the messages of
    /// the server are not lost.
    pub(crate) fn connection_info(&self) -> ConnectionInfo {
        let info = self.address.clone().into_connection_info().expect("an address is valid without more settings");
        info.set_redis_settings(RedisConnectionInfo::default().set_skip_set_lib_name())
            .set_tcp_settings(TcpSettings::default().set_nodelay(true))
    }

    /// Returns the settings of another node of the same cluster. An empty host is that of this one.
    pub(crate) fn at(&self, host: &str, port: u16) -> Option<Self> {
        let address = match &self.address {
            ConnectionAddr::Tcp(own, _) => ConnectionAddr::Tcp(or(host, own), port),
            ConnectionAddr::TcpTls { host: own, tls_params, .. } => {
                ConnectionAddr::TcpTls { host: or(host, own), port, insecure: false, tls_params: tls_params.clone() }
            }
            _ => return None,
        };
        Some(Self { name: address.to_string(), address, login: self.login.clone() })
    }

    fn parse_named(url: &str, name: &str) -> Result<Self, StoreError> {
        let invalid = |reason: &str| StoreError::unusable(format!("{name} is invalid: {reason}"));
        let Some((scheme, _)) = url.split_once("://") else { return Err(invalid("it has no scheme such as redis://")) };
        let is_socket = scheme == "unix" || scheme.ends_with("+unix");
        // Such as in a password. The part before it would be the host, which appears in errors.
        if url.contains('#') || (url.contains('?') && !is_socket) {
            return Err(invalid("it has a `#` or a `?`, which a password has in the form %23 or %3F"));
        }
        let info: ConnectionInfo = url.into_connection_info().map_err(|error| {
            invalid("it has to be redis:// or rediss://USER:PASSWORD@HOST:PORT/DATABASE, or unix:///PATH")
                .with_source(error)
        })?;
        if info.redis_settings().username().is_some() && info.redis_settings().password().is_none() {
            return Err(invalid("it has a user without a password. A password alone is `:PASSWORD@`"));
        }
        let settings =
            Self { address: info.addr().clone(), name: info.addr().to_string(), login: info.redis_settings().clone() };
        if settings.is_tls() {
            install_crypto_provider()?;
        }
        Ok(settings)
    }

    fn trusting(self, pem: Vec<u8>, name: &str) -> Result<Self, StoreError> {
        let unusable = |reason: &str| StoreError::unusable(format!("{name}: {reason}"));
        if !self.is_tls() {
            return Err(unusable("the URL is not one of TLS, such as rediss://"));
        }
        check_certificates(&pem).map_err(|reason| unusable(&reason))?;
        let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
        let client = Client::build_with_tls(self.connection_info(), certificates)
            .map_err(|error| unusable("the certificates are invalid").with_source(error))?;
        Ok(Self { address: client.get_connection_info().addr().clone(), ..self })
    }

    const fn is_tls(&self) -> bool {
        matches!(self.address, ConnectionAddr::TcpTls { .. })
    }
}

fn or(host: &str, otherwise: &str) -> String {
    if host.is_empty() { otherwise } else { host }.to_owned()
}

/// Installs a default cryptography provider unless there is one: the crate `redis` uses only the default, and panics if
/// that is unclear.
fn install_crypto_provider() -> Result<(), StoreError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let provider = crypto_provider().map_err(|error| StoreError::unusable(error.to_string()))?;
        // It fails if another thread has installed one meanwhile.
        let _ = (*provider).clone().install_default();
    }
    Ok(())
}

fn read(variable: &str, path: &str, max: u64) -> Result<Vec<u8>, StoreError> {
    files::read(path, max).map_err(|error| StoreError::unusable(format!("{variable}: {error}")))
}

#[cfg(test)]
mod tests;
