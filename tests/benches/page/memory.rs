//! The memory and the threads of the sandbox over many posts.

use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use crate::{PAGES, process::Process};

/// Prints memory and threads ten times during this number of posts.
pub(crate) fn report(program: Option<&str>, posts: u32, rate: u32) {
    let process = Process::start(program);
    let pages: Vec<_> = (0..PAGES).map(|_| process.open_page()).collect();
    let started = Instant::now();
    for number in 0..=posts {
        if number % (posts / 10) == 0 {
            match process.usage() {
                Some((memory, threads)) => println!("{number:>6} posts: {memory:>7} KiB, {threads} threads"),
                None => println!("{number:>6} posts: this system does not show the memory of a process"),
            }
        }
        thread::sleep((Duration::from_secs(1) / rate * number).saturating_sub(started.elapsed()));
        process.lobby.post(format!("{number}: pressure 1.2 bar and falling.")).expect("the sandbox accepts it");
    }
    let read: Vec<_> = pages.iter().map(|bytes| bytes.load(Ordering::Relaxed)).collect();
    println!("bytes of events read by each page: {read:?}");
}
