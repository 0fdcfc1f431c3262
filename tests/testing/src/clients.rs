//! The clients of a world.

use teamwire_async_std::{AsyncExecutor, Runtime};
use teamwire_blocking::BlockingExecutor;
use teamwire_core::{Config, executor::Session};

use crate::{World, backend::Steps};

/// The base URL of the clients of a world.
const URL: &str = "https://teamwire.example";

/// Clients, and their configuration.
impl World {
    /// Returns a client for a synchronous bot. Its thread moves the clock whenever it waits.
    pub fn blocking(&self) -> teamwire_blocking::Client {
        self.blocking_with(self.config())
    }

    /// Same as [`blocking`](Self::blocking), with another configuration, for instance one that is based on
    /// [`config`](Self::config). Its address, proxy and TLS settings are not used.
    pub fn blocking_with(&self, config: Config) -> teamwire_blocking::Client {
        teamwire_blocking::Client::new(BlockingExecutor::over_backend(self.session(config), Steps(self.clone())))
    }

    /// Returns a client for an asynchronous bot, of the type that it has on the runtime `R`. Its futures are polled
    /// within [`run`](Self::run); the runtime itself is not used.
    pub fn client<R: Runtime>(&self) -> teamwire_async_std::Client<R> {
        self.client_with(self.config())
    }

    /// Same as [`client`](Self::client), with another configuration: see [`blocking_with`](Self::blocking_with).
    pub fn client_with<R: Runtime>(&self, config: Config) -> teamwire_async_std::Client<R> {
        teamwire_async_std::Client::new(AsyncExecutor::over_backend(self.session(config), Steps(self.clone())))
    }

    /// Returns a configuration with the key of the organisation's bot.
    pub fn config(&self) -> Config {
        Config::from_vars(|name| self.var(name)).expect("the variables are valid")
    }

    /// Returns the value of a `TEAMWIRE_` variable, for `Config::from_vars(|name| world.var(name))`.
    pub fn var(&self, name: &str) -> Option<String> {
        let key = self.with(|state| state.server().bot_key());
        match name {
            "TEAMWIRE_URL" => Some(URL.to_owned()),
            "TEAMWIRE_APP_ID" => Some(key.app_id),
            "TEAMWIRE_SECRET" => Some(key.secret),
            _ => None,
        }
    }

    /// Returns the session of a new client.
    fn session(&self, config: Config) -> Session {
        Session::new(config, self.with(|state| state.entropy()))
    }
}
