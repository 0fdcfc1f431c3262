//! The client process: runs requests on one stack, and measures their wall-clock and CPU time.

use std::{
    future::Future,
    io::{Write, stdin, stdout},
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use async_std::task;
use rustix::time::{ClockId, clock_gettime};

use super::{Mode, Verb, stacks};

/// Sends requests one after another, in a thread.
pub(crate) trait Worker: Send {
    fn request(&mut self, verb: Verb);
}

/// Sends requests one after another, in a task.
pub(crate) trait AsyncWorker: Send + 'static {
    fn request(&mut self, verb: Verb) -> impl Future<Output = ()> + Send;
}

/// The start of a round: wall clock, and CPU time of this process.
struct Start(Instant, Duration);

/// Reads lines with a verb and a number of requests, and writes the nanoseconds of both clocks for each.
pub(crate) fn run(mode: Mode, stack: &str, port: u16) {
    mode.pin();
    let count = mode.workers();
    match stack {
        "floor" => threads((0..count).map(|_| stacks::floor::Floor::new(port)).collect()),
        "ureq" => threads(vec![stacks::ureq::Bare::new(port); count]),
        "blocking" => threads(vec![stacks::adapters::Blocking::new(port); count]),
        "ureq-proto" => tasks((0..count).map(|_| stacks::ureq_proto::Bare::new(port)).collect()),
        "async-std" => tasks(vec![stacks::adapters::AsyncStd::new(port); count]),
        stack => panic!("unknown stack: {stack}"),
    }
}

fn threads<W: Worker>(mut workers: Vec<W>) {
    serve_commands(|verb, requests| {
        if let [worker] = &mut workers[..] {
            let start = Start::now();
            (0..requests).for_each(|_| worker.request(verb));
            return start.elapsed();
        }
        let requests_per_worker = requests / workers.len();
        let barrier = Barrier::new(workers.len() + 1);
        thread::scope(|scope| {
            let threads: Vec<_> = workers
                .iter_mut()
                .map(|worker| {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        barrier.wait();
                        (0..requests_per_worker).for_each(|_| worker.request(verb));
                    })
                })
                .collect();
            let start = Start::now();
            barrier.wait();
            for thread in threads {
                thread.join().expect("requests do not fail");
            }
            start.elapsed()
        })
    });
}

fn tasks<W: AsyncWorker>(mut workers: Vec<W>) {
    serve_commands(|verb, requests| {
        let start = Start::now();
        if let [worker] = &mut workers[..] {
            task::block_on(async {
                for _ in 0..requests {
                    worker.request(verb).await;
                }
            });
            return start.elapsed();
        }
        let requests_per_worker = requests / workers.len();
        let tasks: Vec<_> = workers
            .drain(..)
            .map(|mut worker| {
                task::spawn(async move {
                    for _ in 0..requests_per_worker {
                        worker.request(verb).await;
                    }
                    worker
                })
            })
            .collect();
        task::block_on(async {
            for task in tasks {
                workers.push(task.await);
            }
        });
        start.elapsed()
    });
}

fn serve_commands(mut round: impl FnMut(Verb, usize) -> (Duration, Duration)) {
    for line in stdin().lines() {
        let line = line.expect("commands are text");
        let (verb, requests) = line.split_once(' ').expect("a command has a verb and a number");
        let (time, cpu) = round(Verb::from_name(verb), requests.parse().expect("the second word is a number"));
        writeln!(stdout(), "{} {}", time.as_nanos(), cpu.as_nanos()).expect("the report reads the output");
    }
}

impl Start {
    fn now() -> Self {
        Self(Instant::now(), cpu_time())
    }

    fn elapsed(self) -> (Duration, Duration) {
        (self.0.elapsed(), cpu_time().saturating_sub(self.1))
    }
}

/// Returns the user and system time of all threads of this process.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().expect("CPU time is not negative")
}
