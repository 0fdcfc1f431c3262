//! A `redis-server` of a test, with its clients.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use redis::{FromRedisValue, RedisResult};
use teamwire_redis::RedisStore;
use teamwire_test_support::RedisServer;

/// Longer than any step takes.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A server.
pub(crate) struct Server(RedisServer);

impl Server {
    /// Starts a server. Returns `None` if none is installed.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        RedisServer::start(arguments).map(Self)
    }

    /// Returns a store that is as patient as a test on a busy machine needs.
    pub(crate) fn store(&self) -> RedisStore {
        RedisStore::open(&self.url()).expect("the URL is valid").with_timeout(SOON)
    }

    /// Executes a command on a connection of its own.
    #[track_caller]
    pub(crate) fn command<T: FromRedisValue>(&self, words: &[&str]) -> T {
        self.try_command(words).expect("the server executes the command")
    }

    pub(crate) fn try_command<T: FromRedisValue>(&self, words: &[&str]) -> RedisResult<T> {
        let mut connection = redis::Client::open(self.url())?.get_connection_with_timeout(SOON)?;
        redis::cmd(words[0]).arg(&words[1..]).query(&mut connection)
    }

    /// Closes all connections to the server.
    pub(crate) fn cut_connections(&self) {
        self.command::<()>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    }
}

impl Deref for Server {
    type Target = RedisServer;

    fn deref(&self) -> &RedisServer {
        &self.0
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut RedisServer {
        &mut self.0
    }
}
