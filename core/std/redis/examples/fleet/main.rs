//! Handles the messages of a bot in many processes: more than one that follows the feed could handle.
//!
//! ```text
//!   relay, which holds the claim of the feed ──► K streams by chat ──► workers, which hold the claims of streams
//! ```
//!
//! Relays and workers are replicas: any number of either, on several machines. Start each with the variables of any bot
//! (`TEAMWIRE_URL`, ...) and `TEAMWIRE_REDIS_URL`:
//!
//! ```text
//! cargo run -p teamwire-redis --example fleet relay
//! cargo run -p teamwire-redis --example fleet worker
//! ```

mod relay;
mod streams;
mod worker;

use std::{env, error::Error, process::ExitCode, time::Duration};

use redis::Connection;
use teamwire_blocking::Client;
use teamwire_redis::{RedisStore, URL_VAR};
use teamwire_std::fleet::Fleet;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// The fleets of the relays and of the workers.
const RELAYS: &str = "relays";
const WORKERS: &str = "workers";

fn main() -> ExitCode {
    match serve(&env::args().nth(1).unwrap_or_default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

pub(crate) fn serve(role: &str) -> Result<()> {
    match role {
        "relay" => run(RELAYS, relay::run),
        "worker" => run(WORKERS, worker::run),
        _ => Err("usage: fleet relay|worker".into()),
    }
}

/// Runs a replica of a fleet, with a connection of its own for the streams.
fn run(name: &str, replica: impl FnOnce(&Client, &Fleet, Connection) -> Result<()>) -> Result<()> {
    let client = teamwire_blocking::client_from_env()?;
    let fleet = Fleet::builder(name).lease(Duration::from_secs(3)).join(RedisStore::from_env()?)?;
    let redis = redis::Client::open(env::var(URL_VAR)?)?.get_connection_with_timeout(Duration::from_secs(2))?;
    redis.set_read_timeout(Some(Duration::from_secs(2)))?;
    redis.set_write_timeout(Some(Duration::from_secs(2)))?;
    replica(&client, &fleet, redis)
}
