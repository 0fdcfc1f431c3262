//! The connection, with the deadlines of its calls.

use std::{
    io,
    time::{Duration, Instant},
};

use redis::{Client, Cmd, Connection, FromRedisValue, RedisResult, cmd};
use teamwire_core::claim::StoreError;

use crate::{failure::Failure, scripts::Call, settings::Settings};

/// Maximum number of redirects of a cluster that a call follows.
const MAX_REDIRECTS: u32 = 3;

/// A server, and the connection to it while there is one.
pub(crate) struct Link {
    settings: Settings,
    /// The node of a cluster that has the keys, if it is another than that of the settings.
    node: Option<Settings>,
    connection: Option<Connection>,
}

impl Link {
    pub(crate) const fn new(settings: Settings) -> Self {
        Self { settings, node: None, connection: None }
    }

    pub(crate) fn into_settings(self) -> Settings {
        self.settings
    }

    pub(crate) fn address(&self) -> &str {
        self.server().name()
    }

    /// Returns the error of a result that is not one of the script.
    pub(crate) fn unexpected(&self) -> StoreError {
        Failure::Unexpected.into_error(self.address())
    }

    /// Calls a script. After an error, the connection is closed.
    pub(crate) fn call<T: FromRedisValue>(&mut self, within: Duration, call: &Call) -> Result<T, StoreError> {
        let deadline = Instant::now() + within;
        let mut redirects = 0;
        loop {
            let failure = match self.attempt(deadline, call) {
                Ok(result) => return Ok(result),
                Err(failure) => failure,
            };
            let node = failure.moved_to().and_then(|(host, port)| self.server().at(host, port));
            if node.is_none() || redirects == MAX_REDIRECTS {
                let error = failure.into_error(self.address());
                self.node = None;
                return Err(error);
            }
            self.node = node;
            redirects += 1;
        }
    }

    fn server(&self) -> &Settings {
        self.node.as_ref().unwrap_or(&self.settings)
    }

    /// The connection is kept only if the call succeeds.
    fn attempt<T: FromRedisValue>(&mut self, deadline: Instant, call: &Call) -> Result<T, Failure> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.server(), deadline)?,
        };
        let result = match query(&mut connection, deadline, &call.by_hash()) {
            Err(error) if error.code() == Some("NOSCRIPT") => query(&mut connection, deadline, &call.by_code()),
            result => result,
        };
        if result.is_ok() {
            self.connection = Some(connection);
        }
        result.map_err(Failure::Command)
    }
}

/// Connects, logs in, and checks the server.
fn connect(server: &Settings, deadline: Instant) -> Result<Connection, Failure> {
    let connect = || Client::open(server.connection_info())?.get_connection_with_timeout(remaining(deadline)?);
    let mut connection = connect().map_err(Failure::Command)?;
    if let Some((user, password)) = server.login() {
        let mut login = cmd("AUTH");
        login.arg(user).arg(password);
        query::<()>(&mut connection, deadline, &login).map_err(Failure::Login)?;
    }
    if server.database() != 0 {
        query::<()>(&mut connection, deadline, cmd("SELECT").arg(server.database())).map_err(Failure::Command)?;
    }
    match query::<String>(&mut connection, deadline, cmd("INFO").arg("memory")) {
        Ok(info) => check_eviction(&info)?,
        // The command is not available to this user, or not at all.
        Err(error) if error.code() == Some("NOPERM") || error.to_string().contains("unknown command") => {}
        Err(error) => return Err(Failure::Command(error)),
    }
    Ok(connection)
}

/// Rejects a server that removes keys without an expiry if it is short of memory.
fn check_eviction(info: &str) -> Result<(), Failure> {
    let value = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    match value("maxmemory_policy") {
        Some(policy) if policy.starts_with("allkeys-") && value("maxmemory") != Some("0") => {
            Err(Failure::Evicts(policy.to_owned()))
        }
        _ => Ok(()),
    }
}

fn query<T: FromRedisValue>(connection: &mut Connection, deadline: Instant, command: &Cmd) -> RedisResult<T> {
    let time = Some(remaining(deadline)?);
    connection.set_write_timeout(time)?;
    connection.set_read_timeout(time)?;
    command.query(connection)
}

fn remaining(deadline: Instant) -> io::Result<Duration> {
    let time = deadline.saturating_duration_since(Instant::now());
    if time.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(time) }
}
