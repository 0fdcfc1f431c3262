//! File descriptors and threads of this process.

use std::{fs, thread, time::Duration};

use teamwire_sandbox::Sandbox;

/// Maximum time for the last connection to end.
const SOON: Duration = Duration::from_secs(10);

/// Counts of what a process holds; zero where the operating system does not list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resources {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
}

impl Resources {
    /// Counts them once no connection to the sandbox is open.
    pub(crate) fn after_the_last_connection(sandbox: &Sandbox) -> Self {
        assert!(sandbox.wait_until(SOON, |sandbox| sandbox.connections().open == 0), "connections stay open");
        Self { descriptors: settled("/proc/self/fd"), threads: settled("/proc/self/task") }
    }
}

/// Counts the entries of a folder once they have been the same for a while: a thread that was joined is listed until the
/// operating system has taken it away.
fn settled(folder: &str) -> usize {
    let (mut last, mut same) = (entries(folder), 0);
    while same < 20 {
        thread::sleep(Duration::from_millis(10));
        let count = entries(folder);
        same = if count == last { same + 1 } else { 0 };
        last = count;
    }
    last
}

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}
