//! The client process, which sends one request.

use std::{
    io::{Write, stdout},
    time::Instant,
};

use teamwire_benchmarks::clock::process_cpu_time;
use teamwire_core::{Config, Credentials};

/// A program of async-std that has started its threads before.
pub(crate) const RUNNING: &str = "async-std, running";

/// The cost of a client and its first request, in microseconds.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) time: f64,
    /// User and system time of the process, from its start.
    pub(crate) cpu: f64,
}

impl Cost {
    pub(crate) fn parse(line: &str) -> Self {
        let numbers: Vec<f64> = line.split(' ').map(|it| it.parse().expect("it is a number")).collect();
        let [time, cpu] = numbers[..] else { panic!("not a measurement: {line:?}") };
        Self { time, cpu }
    }

    /// Returns the medians.
    pub(crate) fn median(costs: Vec<Self>) -> Self {
        let median = |of: fn(&Self) -> f64| {
            let mut all: Vec<_> = costs.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        Self { time: median(|it| it.time), cpu: median(|it| it.cpu) }
    }
}

/// Creates a client, sends a request, and writes the cost of both.
pub(crate) fn run(stack: &str, url: &str, certificate: Option<&str>) {
    let credentials = Credentials::new("app-id", "secret-of-the-bot").expect("the credentials are valid");
    let mut config = Config::new(url, credentials).expect("the URL is valid");
    if let Some(certificate) = certificate {
        config = config.with_root_certificates_pem(certificate);
    }
    if stack == RUNNING {
        async_std::task::block_on(async {});
    }
    let begun = Instant::now();
    let request: Box<dyn FnOnce()> = match stack {
        "blocking" => {
            let client = teamwire_blocking::client(config).expect("the configuration is valid");
            Box::new(move || drop(client.contacts().me().expect("the request succeeds")))
        }
        "async-std" | RUNNING => {
            let client = teamwire_async_std::client(config).expect("the configuration is valid");
            Box::new(move || drop(async_std::task::block_on(client.contacts().me()).expect("the request succeeds")))
        }
        "smol" => {
            let client = teamwire_async_std::client_on(teamwire_async_std::smol::Smol, config);
            let client = client.expect("the configuration is valid");
            Box::new(move || drop(smol::block_on(client.contacts().me()).expect("the request succeeds")))
        }
        stack => panic!("unknown stack: {stack}"),
    };
    request();
    let (time, cpu) = (begun.elapsed(), process_cpu_time());
    writeln!(stdout(), "{} {}", time.as_micros(), cpu.as_micros()).expect("the report reads the output");
}
