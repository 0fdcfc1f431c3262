//! The cost of a request with several HTTP stacks, compared with plain sockets.
//!
//! ```text
//!   report ──starts──► server (sequential)      one process each, to measure the CPU time of each client alone
//!     │    ──starts──► server (64 at once)
//!     └────starts────► client × every stack, in either mode; a line such as `get 1000` starts a round
//! ```

pub mod client;
pub mod report;
pub mod responses;
pub mod server;
pub mod stacks;
pub mod worker;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The kind of request. Either response is about 1 KB of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Gets a chat.
    Get,
    /// Posts a message.
    Post,
}

/// The concurrency of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One after another. Client and server share one core, so that neither waits for the other to wake up.
    Sequential,
    /// 64 threads or tasks on all cores, each sequential.
    Parallel,
}

impl Verb {
    /// Both, in the order of the tables.
    pub const ALL: [Self; 2] = [Self::Get, Self::Post];

    const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }

    fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|verb| verb.name() == name).expect("the verb is known")
    }
}

impl Mode {
    /// Both, in the order of the tables.
    pub const ALL: [Self; 2] = [Self::Sequential, Self::Parallel];

    /// Returns the name by which the processes know the mode.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sequential => "one at a time",
            Self::Parallel => "64 at once",
        }
    }

    /// Returns the mode of this name.
    ///
    /// # Panics
    /// If there is none: names are only passed between the processes of a benchmark.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|mode| mode.name() == name).expect("the mode is known")
    }

    /// Returns the number of threads or tasks.
    pub const fn workers(self) -> usize {
        match self {
            Self::Sequential => 1,
            Self::Parallel => 64,
        }
    }

    /// Pins this process to one core if the mode requires it. Returns `false` if that fails.
    pub fn pin(self) -> bool {
        let Ok(allowed) = sched_getaffinity(None) else { return false };
        let mut one = CpuSet::new();
        if let Some(core) = (0..CpuSet::MAX_CPU).find(|core| allowed.is_set(*core)) {
            one.set(core);
        }
        self == Self::Parallel || sched_setaffinity(None, &one).is_ok()
    }
}
