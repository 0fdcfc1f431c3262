//! What an adapter costs beside the HTTP stack below it, and beside sockets used by hand.
//!
//! ```text
//!   cargo bench -p teamwire-tests --bench http
//!
//!   report ──starts──► server (sequential)      one process each, so that the CPU time of a client is its own
//!     │    ──starts──► server (64 at once)
//!     └────starts────► client × every stack, in either mode; `get 1000` on a line makes it work, one at a time
//! ```

mod client;
mod report;
mod responses;
mod server;
mod stacks;

use std::env;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// What is asked for: the answer to either is about 1 KB of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    /// A chat.
    Get,
    /// A message, which is posted with its text.
    Post,
}

/// How requests follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// One after the other; client and server share one core, so that neither waits for the other to wake up.
    Sequential,
    /// 64 threads or tasks, each one after the other, on all cores.
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
        Self::ALL.into_iter().find(|verb| verb.name() == name).expect("a verb")
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
        Self::ALL.into_iter().find(|mode| mode.name() == name).expect("a mode")
    }

    const fn workers(self) -> usize {
        match self {
            Self::Sequential => 1,
            Self::Parallel => 64,
        }
    }

    /// Keeps this process to one core if the mode asks for it, and whether that was granted.
    fn pin(self) -> bool {
        let Ok(allowed) = sched_getaffinity(None) else { return false };
        let mut one = CpuSet::new();
        if let Some(core) = (0..CpuSet::MAX_CPU).find(|core| allowed.is_set(*core)) {
            one.set(core);
        }
        self == Self::Parallel || sched_setaffinity(None, &one).is_ok()
    }
}

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["server", mode] => server::serve(Mode::from_name(mode)),
        ["client", mode, stack, port] => client::run(Mode::from_name(mode), stack, port.parse().expect("a port")),
        // As `cargo bench` starts it. `cargo test --all-targets` does so without: then it is a check that all of it runs.
        _ if arguments.contains(&"--bench") => report::print(report::Effort::Full),
        _ => report::print(report::Effort::Check),
    }
}
