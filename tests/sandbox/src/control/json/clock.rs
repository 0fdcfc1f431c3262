//! The clock as JSON.

use serde_json::{Value, json};

use crate::server::Shared;

/// The state of the clock.
pub(crate) fn clock(shared: &Shared) -> Value {
    let now = shared.clock.now();
    let elapsed = u64::try_from(now.elapsed.as_millis()).unwrap_or(u64::MAX);
    json!({ "utc_ms": now.millis(), "elapsed_ms": elapsed, "is_held": shared.clock.is_paused() })
}
