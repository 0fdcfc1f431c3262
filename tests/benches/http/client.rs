//! One stack at work: so many requests, how long they took, and what they cost this process.

use std::{
    future::Future,
    io::{Write, stdin, stdout},
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use async_std::task;
use rustix::time::{ClockId, clock_gettime};

use crate::{Mode, Verb, stacks};

/// Makes requests one after the other, in a thread.
pub(crate) trait Worker: Send {
    fn request(&mut self, verb: Verb);
}

/// Makes requests one after the other, in a task.
pub(crate) trait AsyncWorker: Send + 'static {
    fn request(&mut self, verb: Verb) -> impl Future<Output = ()> + Send;
}

/// When a round began: by the clock, and by the time that this process has had of any core.
struct Start(Instant, Duration);

/// Obeys lines of a verb and a number of requests, and answers with the nanoseconds of both clocks.
pub(crate) fn work(mode: Mode, stack: &str, port: u16) {
    mode.pin();
    let count = mode.workers();
    match stack {
        "floor" => threads((0..count).map(|_| stacks::floor::Floor::new(port)).collect()),
        "ureq" => threads(vec![stacks::ureq::Bare::new(port); count]),
        "blocking" => threads(vec![stacks::adapters::Blocking::new(port); count]),
        "ureq-proto" => tasks((0..count).map(|_| stacks::ureq_proto::Bare::new(port)).collect()),
        "async-std" => tasks(vec![stacks::adapters::AsyncStd::new(port); count]),
        stack => panic!("no stack: {stack}"),
    }
}

fn threads<W: Worker>(mut workers: Vec<W>) {
    obey(|verb, requests| {
        if let [worker] = &mut workers[..] {
            let start = Start::now();
            (0..requests).for_each(|_| worker.request(verb));
            return start.passed();
        }
        let each = requests / workers.len();
        let together = Barrier::new(workers.len() + 1);
        thread::scope(|scope| {
            let threads: Vec<_> = workers
                .iter_mut()
                .map(|worker| {
                    let together = &together;
                    scope.spawn(move || {
                        together.wait();
                        (0..each).for_each(|_| worker.request(verb));
                    })
                })
                .collect();
            let start = Start::now();
            together.wait();
            for thread in threads {
                thread.join().expect("no request fails");
            }
            start.passed()
        })
    });
}

fn tasks<W: AsyncWorker>(mut workers: Vec<W>) {
    obey(|verb, requests| {
        let start = Start::now();
        if let [worker] = &mut workers[..] {
            task::block_on(async {
                for _ in 0..requests {
                    worker.request(verb).await;
                }
            });
            return start.passed();
        }
        let each = requests / workers.len();
        let tasks: Vec<_> = workers
            .drain(..)
            .map(|mut worker| {
                task::spawn(async move {
                    for _ in 0..each {
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
        start.passed()
    });
}

fn obey(mut round: impl FnMut(Verb, usize) -> (Duration, Duration)) {
    for line in stdin().lines() {
        let line = line.expect("text");
        let (verb, requests) = line.split_once(' ').expect("a verb and a number");
        let (time, cpu) = round(Verb::named(verb), requests.parse().expect("a number"));
        writeln!(stdout(), "{} {}", time.as_nanos(), cpu.as_nanos()).expect("the report reads it");
    }
}

impl Start {
    fn now() -> Self {
        Self(Instant::now(), cpu())
    }

    fn passed(self) -> (Duration, Duration) {
        (self.0.elapsed(), cpu().saturating_sub(self.1))
    }
}

/// User and system time of all threads of this process.
fn cpu() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().expect("no time is negative")
}
