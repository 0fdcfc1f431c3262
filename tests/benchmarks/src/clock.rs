//! CPU time.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Returns the user and system time of all threads of this process.
pub fn process_cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().expect("CPU time is not negative")
}
