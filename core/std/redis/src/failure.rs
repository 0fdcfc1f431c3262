//! The errors of the server and of the connection to it.

use std::{error::Error, io, sync::Arc};

use redis::{ErrorKind, RedisError};
use teamwire_core::claim::{
    StoreError,
    StoreErrorKind::{self, Unavailable, Unusable},
};
use teamwire_std::tls_error;

/// The failure of a call.
pub(crate) enum Failure {
    /// The server has rejected the login. Its message may quote the password.
    Login(RedisError),
    Command(RedisError),
    /// The server removes any key, by this policy.
    Evicts(String),
    /// The result is not that of the script.
    Unexpected,
}

/// The errors of servers by their codes, with what the server does.
const BY_CODE: &[(&str, StoreErrorKind, &str)] = &[
    ("ASK", Unavailable, "moves the keys to another node of its cluster"),
    ("BUSY", Unavailable, "executes a script that does not end"),
    ("CLUSTERDOWN", Unavailable, "belongs to a cluster that is down"),
    ("LOADING", Unavailable, "loads its data"),
    ("MASTERDOWN", Unavailable, "is a replica that has lost its primary"),
    ("MISCONF", Unavailable, "cannot save its data to disk, and accepts no writes"),
    ("MOVED", Unavailable, "redirects to other nodes of its cluster again and again"),
    ("NOREPLICAS", Unavailable, "has not enough replicas to accept writes"),
    ("NOSCRIPT", Unavailable, "does not keep scripts"),
    ("OOM", Unavailable, "has no memory left"),
    ("READONLY", Unavailable, "is a read-only replica"),
    ("TRYAGAIN", Unavailable, "moves the keys to another node of its cluster"),
    ("CROSSSLOT", Unusable, "does not accept the keys"),
    ("DAMAGED", Unusable, "has a damaged record"),
    ("DENIED", Unusable, "is in protected mode, and accepts only connections of its own machine"),
    ("NEWER", Unusable, "has a record of a newer version of this library"),
    ("NOAUTH", Unusable, "requires a password"),
    ("NOPERM", Unusable, "does not permit a command or a key to this user"),
    ("WRONGPASS", Unusable, "rejects the user name or the password"),
    ("WRONGTYPE", Unusable, "has a key of another type where a record of the fleet should be"),
];

/// The codes that the scripts of this crate use.
const OF_SCRIPTS: &[&str] = &["DAMAGED", "NEWER"];

/// The errors of servers with the code `ERR` that do not end by themselves.
const BY_TEXT: &[&str] = &[
    "unknown command",
    "DB index",
    "SELECT is not allowed",
    "without any password configured",
    "user executing the script can't",
];

impl Failure {
    /// Returns the node of the cluster that has the keys. An empty host is that of the server.
    pub(crate) fn moved_to(&self) -> Option<(&str, u16)> {
        let Self::Command(error) = self else { return None };
        if error.code() != Some("MOVED") {
            return None;
        }
        let (host, port) = error.redirect_node()?.0.rsplit_once(':')?;
        Some((host, port.parse().ok()?))
    }

    /// Returns the error of a call to the server with this name.
    pub(crate) fn into_error(self, name: &str) -> StoreError {
        let failed = |kind, reason: &str| {
            let message = format!("Redis at {name} {reason}");
            if kind == Unusable { StoreError::unusable(message) } else { StoreError::unavailable(message) }
        };
        match self {
            Self::Evicts(policy) => {
                let reason = format!("evicts any key (maxmemory-policy {policy}): it has to be noeviction");
                failed(Unusable, &reason)
            }
            Self::Unexpected => failed(Unusable, "returned an unexpected result"),
            Self::Login(error) => match by_code(&error) {
                Some((kind, reason)) => failed(kind, &reason),
                None if is_of_server(&error) && !is_overloaded(&error) => failed(Unusable, "rejects the login"),
                None => failed(Unavailable, &connection(&error)),
            },
            Self::Command(error) => match by_code(&error) {
                Some((kind, reason)) => failed(kind, &reason),
                None if is_of_server(&error) => {
                    let text = error.to_string();
                    let is_lasting = BY_TEXT.iter().any(|phrase| text.contains(phrase));
                    failed(if is_lasting { Unusable } else { Unavailable }, "reports an error")
                }
                None => failed(Unavailable, &connection(&error)),
            }
            .with_source(error),
        }
    }
}

/// Returns the kind and the reason that belong to the error's code. Older servers have the code in the text of an error
/// of a script, where that of the scripts of this crate always is, with the key of the record behind it.
fn by_code(error: &RedisError) -> Option<(StoreErrorKind, String)> {
    let detail = error.detail().filter(|_| error.code() == Some("ERR")).unwrap_or_default();
    let mut words = detail.split(' ').map(|word| word.trim_start_matches('-')).chain(error.code());
    let (code, kind, reason) = words.find_map(|word| BY_CODE.iter().find(|(code, ..)| *code == word))?;
    let reason = match detail.split_once(code) {
        Some((_, text)) if OF_SCRIPTS.contains(code) => {
            let key = text.split_once(" script: ").map_or(text, |(key, _)| key);
            format!("{reason}: {}", key.trim())
        }
        _ => (*reason).to_owned(),
    };
    Some((*kind, reason))
}

fn is_of_server(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

fn is_overloaded(error: &RedisError) -> bool {
    error.detail().is_some_and(|detail| detail.contains("max number of clients"))
}

/// Returns the reason of an error of the connection.
fn connection(error: &RedisError) -> String {
    if error.kind() == ErrorKind::Parse {
        return "does not speak the protocol of Redis".to_owned();
    }
    // The crate has the cause in an `Arc`.
    let cause = error.source().and_then(|cause| cause.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    let io = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    let inner = io.and_then(|io| io.get_ref()?.downcast_ref::<rustls::Error>());
    match inner.or_else(|| cause.and_then(|cause| cause.downcast_ref())) {
        Some(tls) => format!("cannot be reached by TLS: {}", tls_error(tls)),
        None if error.is_timeout() => "does not respond in time".to_owned(),
        None if error.is_connection_refusal() => "refused the connection".to_owned(),
        None if error.is_connection_dropped() => "has closed the connection".to_owned(),
        None => "cannot be reached".to_owned(),
    }
}
