//! The client process.

use std::{
    io::{Write, stdin, stdout},
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use async_std::task;
use teamwire_core::{Config, Credentials, config::RetryPolicy};

/// Reads lines with a number of workers and of requests, and writes the seconds of the round, and the median and the
/// 99th percentile of the latencies in milliseconds.
pub(crate) fn run(adapter: &str, port: u16) {
    let credentials = Credentials::new("app-id", "secret-of-the-bot").expect("the credentials are valid");
    let config = Config::new(&format!("http://127.0.0.1:{port}"), credentials).expect("the URL is valid");
    // Without retries, so that failures are visible.
    let config = config.with_retry(RetryPolicy { max_retries: 0, ..RetryPolicy::default() });
    match adapter {
        "blocking" => {
            let client = teamwire_blocking::client(config).expect("the configuration is valid");
            serve(|workers, requests| threads(&client, workers, requests));
        }
        "async-std" => {
            let client = teamwire_async_std::client(config).expect("the configuration is valid");
            serve(|workers, requests| tasks(&client, workers, requests));
        }
        adapter => panic!("unknown adapter: {adapter}"),
    }
}

fn serve(mut round: impl FnMut(usize, usize) -> Vec<Duration>) {
    for line in stdin().lines() {
        let line = line.expect("commands are text");
        let (workers, requests) = line.split_once(' ').expect("a command has two numbers");
        let number = |text: &str| text.parse::<usize>().expect("it is a number");
        let (workers, requests) = (number(workers), number(requests).div_ceil(number(workers)));
        let begun = Instant::now();
        let mut latencies = round(workers, requests);
        let seconds = begun.elapsed().as_secs_f64();
        latencies.sort_unstable();
        let millis = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
        writeln!(stdout(), "{seconds} {} {}", millis(50), millis(99)).expect("the report reads the output");
    }
}

fn threads(client: &teamwire_blocking::Client, workers: usize, requests: usize) -> Vec<Duration> {
    let start = Barrier::new(workers);
    thread::scope(|scope| {
        let work = || {
            start.wait();
            let request = |_| {
                let begun = Instant::now();
                client.contacts().me().expect("the request succeeds");
                begun.elapsed()
            };
            (0..requests).map(request).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("requests do not fail")).collect()
    })
}

fn tasks(client: &teamwire_async_std::Client, workers: usize, requests: usize) -> Vec<Duration> {
    let work = || {
        let client = client.clone();
        async move {
            let mut latencies = Vec::with_capacity(requests);
            for _ in 0..requests {
                let begun = Instant::now();
                client.contacts().me().await.expect("the request succeeds");
                latencies.push(begun.elapsed());
            }
            latencies
        }
    };
    let tasks: Vec<_> = (0..workers).map(|_| task::spawn(work())).collect();
    task::block_on(async {
        let mut latencies = Vec::new();
        for task in tasks {
            latencies.extend(task.await);
        }
        latencies
    })
}
