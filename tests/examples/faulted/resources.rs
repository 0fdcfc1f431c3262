//! The file descriptors and threads of this process.

use std::{fs, thread, time::Duration};

use teamwire_sandbox::Sandbox;

/// Maximum time for the last connection to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// The numbers of resources of this process; zero if the operating system does not list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resources {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
}

impl Resources {
    /// Counts them when no connection to the sandbox is open.
    pub(crate) fn once_disconnected(sandbox: &Sandbox) -> Self {
        assert!(sandbox.wait_until(CLOSE_TIMEOUT, |sandbox| sandbox.connections().open == 0), "connections stay open");
        Self { descriptors: stable_count("/proc/self/fd"), threads: stable_count("/proc/self/task") }
    }
}

/// Counts the entries of a folder when their number has been stable for a while: a joined thread is listed until the
/// operating system has removed it.
fn stable_count(folder: &str) -> usize {
    let (mut last, mut repetitions) = (entries(folder), 0);
    while repetitions < 20 {
        thread::sleep(Duration::from_millis(10));
        let count = entries(folder);
        repetitions = if count == last { repetitions + 1 } else { 0 };
        last = count;
    }
    last
}

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}
