//! The client process: runs requests on one stack, and measures their wall-clock and CPU time.

use std::{
    future::Future,
    io::{Write, stdin, stdout},
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

pub use super::worker::{AsyncWorker, Worker};
use super::{Mode, Verb, stacks};
use crate::clock::process_cpu_time;
use async_std::task;

/// Runs tasks.
pub trait Runtime {
    /// Runs a future to its end on this thread.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;

    /// Starts a task.
    fn spawn<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T>;
}

struct AsyncStd;

impl Runtime for AsyncStd {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        task::block_on(future)
    }

    fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> {
        task::spawn(future)
    }
}

/// The start of a round: wall clock, and CPU time of this process.
struct Start(Instant, Duration);

/// Runs the client process of a stack of this package. It reads lines with a verb and a number of requests, and writes
/// the nanoseconds of both clocks for each.
///
/// # Panics
/// If the stack is not one of this package.
pub fn run(mode: Mode, stack: &str, port: u16) {
    // Before the threads of a stack are started.
    mode.pin();
    let count = mode.workers();
    match stack {
        "floor" => threads((0..count).map(|_| stacks::floor::Floor::new(port)).collect()),
        "epoll" => {
            let mut sockets = stacks::epoll::Epoll::new(port, count);
            serve_commands(|verb, requests| {
                let start = Start::now();
                sockets.request(verb, requests);
                start.elapsed()
            });
        }
        "ureq" => threads(vec![stacks::ureq::Bare::new(port); count]),
        "blocking" => threads(vec![stacks::adapters::Blocking::new(port); count]),
        "ureq-proto" => tasks(&AsyncStd, (0..count).map(|_| stacks::ureq_proto::Bare::new(port)).collect()),
        "async-std" => tasks(&AsyncStd, vec![stacks::adapters::AsyncStd::new(port); count]),
        stack => panic!("unknown stack: {stack}"),
    }
}

/// Runs the client process with a thread for each worker.
pub fn threads<W: Worker>(mut workers: Vec<W>) {
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

/// Runs the client process with a task for each worker.
pub fn tasks<W: AsyncWorker>(runtime: &impl Runtime, mut workers: Vec<W>) {
    serve_commands(|verb, requests| {
        let start = Start::now();
        if let [worker] = &mut workers[..] {
            runtime.block_on(async {
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
                runtime.spawn(async move {
                    for _ in 0..requests_per_worker {
                        worker.request(verb).await;
                    }
                    worker
                })
            })
            .collect();
        runtime.block_on(async {
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
        Self(Instant::now(), process_cpu_time())
    }

    fn elapsed(self) -> (Duration, Duration) {
        (self.0.elapsed(), process_cpu_time().saturating_sub(self.1))
    }
}
