//! The peak memory of the process.

use std::fs;

/// A measurement of the peak memory of this process. It is only known on Linux, and zero elsewhere.
#[derive(Debug)]
pub struct Peak(usize);

impl Peak {
    /// Begins a measurement.
    pub fn begin() -> Self {
        // Five resets the peak.
        let _ = fs::write("/proc/self/clear_refs", "5");
        Self(status("VmRSS:"))
    }

    /// Returns the growth of the peak since then, in bytes.
    pub fn growth(&self) -> usize {
        status("VmHWM:").saturating_sub(self.0)
    }
}

fn status(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap_or_default() << 10
}
