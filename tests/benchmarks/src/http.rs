//! The cost of an adapter, compared with its HTTP stack, and with plain sockets.
//!
//! ```text
//!   cargo bench -p teamwire-tests --bench http
//!
//!   report ──starts──► server (sequential)      one process each, to measure the CPU time of each client alone
//!     │    ──starts──► server (64 at once)
//!     └────starts────► client × every stack, in either mode; a line such as `get 1000` starts a round
//! ```

mod client;
mod report;
mod responses;
mod server;
mod stacks;

use std::env;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The kind of request. Either response is about 1 KB of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    /// Gets a chat.
    Get,
    /// Posts a message.
    Post,
}

/// The concurrency of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// One after another. Client and server share one core, so that neither waits for the other to wake up.
    Sequential,
    /// 64 threads or tasks on all cores, each sequential.
    Parallel,
}

impl Verb {
    const ALL: [Self; 2] = [Self::Get, Self::Post];

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
    const ALL: [Self; 2] = [Self::Sequential, Self::Parallel];

    const fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Parallel => "64 at once",
        }
    }

    fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|mode| mode.name() == name).expect("the mode is known")
    }

    const fn workers(self) -> usize {
        match self {
            Self::Sequential => 1,
            Self::Parallel => 64,
        }
    }

    /// Pins this process to one core if the mode requires it. Returns `false` if that fails.
    fn pin(self) -> bool {
        let Ok(allowed) = sched_getaffinity(None) else { return false };
        let mut one = CpuSet::new();
        if let Some(core) = (0..CpuSet::MAX_CPU).find(|core| allowed.is_set(*core)) {
            one.set(core);
        }
        self == Self::Parallel || sched_setaffinity(None, &one).is_ok()
    }
}

/// Runs the benchmark, or one of its processes, by the arguments of the program.
pub fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["server", mode] => server::serve(Mode::from_name(mode)),
        ["client", mode, stack, port] => {
            client::run(Mode::from_name(mode), stack, port.parse().expect("the port is a number"));
        }
        // `cargo bench` passes this argument; without it, as in `cargo test --all-targets`, this only checks that
        // everything runs.
        _ if arguments.contains(&"--bench") => report::print(report::Effort::Full),
        _ => report::print(report::Effort::Check),
    }
}
