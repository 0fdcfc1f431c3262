//! The memory and the threads of the sandbox over many posts.

use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use teamwire_benchmarks::table::Table;

use crate::{PAGES, process::Process};

/// Returns memory and threads ten times during this number of posts.
pub(crate) fn measure(program: Option<&str>, posts: u32, rate: u32) -> Table {
    let mut table = Table::new(["posts", "memory of the sandbox, KiB", "threads"]);
    let process = Process::start(program);
    let pages: Vec<_> = (0..PAGES).map(|_| process.open_page()).collect();
    let started = Instant::now();
    for number in 0..=posts {
        if number % (posts / 10) == 0 {
            // Some systems do not show the memory of a process.
            let usage = process.usage().map(|(memory, threads)| [memory.to_string(), threads.to_string()]);
            table.push(
                [number.to_string()].into_iter().chain(usage.unwrap_or_else(|| ["unknown".to_owned(), String::new()])),
            );
        }
        thread::sleep((Duration::from_secs(1) / rate * number).saturating_sub(started.elapsed()));
        process.lobby.post(format!("{number}: pressure 1.2 bar and falling.")).expect("the sandbox accepts it");
    }
    assert!(pages.iter().all(|bytes| bytes.load(Ordering::Relaxed) > 0), "the pages receive events");
    table
}
