//! Time, faults and people of a world, over both adapters.

#![expect(clippy::unwrap_used, reason = "the line of the test says enough")]

#[path = "world/faults.rs"]
mod faults;
#[path = "world/files.rs"]
mod files;
#[path = "world/limits.rs"]
mod limits;
#[path = "world/quiet.rs"]
mod quiet;
#[path = "world/seeds.rs"]
mod seeds;
#[path = "world/time.rs"]
mod time;

use std::time::Duration;

use teamwire_async_std::AsyncStdRuntime;
use teamwire_testing::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Returns an asynchronous client of the world.
fn client(world: &World) -> teamwire_async_std::Client {
    world.client::<AsyncStdRuntime>()
}
