//! Latency and connections by the number of requests at once.
//!
//! Each adapter runs in a process of its own, with this number of tasks or threads, each of which sends one request
//! after the other. The server in this process responds at once, and counts the connections. The first round begins
//! without a connection; the second one shows what the pool has kept.
//!
//! Each process needs 1,100 open files, for which the usual limit may have to be raised.
//!
//! ```text
//! ulimit -n 4096
//! cargo bench -p teamwire-tests --bench concurrency
//! ```

#![expect(clippy::print_stdout, reason = "the benchmark prints a table")]

mod client;
mod server;

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use self::server::Server;

const LEVELS: [usize; 5] = [1, 8, 64, 256, 1_000];
const ADAPTERS: [&str; 2] = ["async-std", "blocking"];

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["client", adapter, port] => client::run(adapter, port.parse().expect("the port is a number")),
        // Without this argument, as in `cargo test --all-targets`, this only checks that everything runs.
        _ if arguments.contains(&"--bench") => report(&LEVELS, 20_000),
        _ => report(&LEVELS[..2], 16),
    }
}

fn report(levels: &[usize], requests: usize) {
    println!("| adapter   | at once | round | requests/s |   p50 ms |   p99 ms | p99/p50 | new connections |");
    println!("|-----------|---------|-------|------------|----------|----------|---------|-----------------|");
    for adapter in ADAPTERS {
        for level in levels {
            let server = Server::start();
            let mut client = Client::start(adapter, server.port);
            for round in 1..=2 {
                let before = server.connections();
                let Round { seconds, median, late } = client.round(*level, requests);
                let connections = server.connections() - before;
                println!(
                    "| {adapter:<9} | {level:>7} | {round:>5} | {:>10.0} | {median:>8.2} | {late:>8.2} | {:>7.2} | \
                     {connections:>15} |",
                    f64::from(u32::try_from(requests).unwrap_or(u32::MAX)) / seconds,
                    late / median,
                );
            }
        }
    }
}

/// The measurements of a round.
struct Round {
    seconds: f64,
    /// Median latency, in milliseconds.
    median: f64,
    /// Latency that 99 % of the requests do not exceed, in milliseconds.
    late: f64,
}

/// A process that sends requests.
struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start(adapter: &str, port: u16) -> Self {
        let mut command = Command::new(env::current_exe().expect("this program has a path"));
        let command = command.args(["client", adapter, &port.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it can be started");
        let input = child.stdin.take().expect("its input is piped");
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        Self { child, input, output }
    }

    fn round(&mut self, workers: usize, requests: usize) -> Round {
        writeln!(self.input, "{workers} {requests}").expect("the process runs");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the process runs");
        let numbers: Vec<f64> = line.split_whitespace().map(|it| it.parse().expect("it is a number")).collect();
        let [seconds, median, late] = numbers[..] else { panic!("not a measurement: {line:?}") };
        Round { seconds, median, late }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("it is a process of this one");
    }
}
