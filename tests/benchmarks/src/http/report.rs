//! Runs the same requests on every stack, in many short rounds, and prints the results.
//!
//! The speed of a machine varies over periods longer than a round. So stacks are compared within each round, and the
//! medians of these ratios are printed.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use super::{Mode, Verb};

/// The stacks, and for each adapter the index of its bare stack.
const STACKS: [(&str, &str, Option<usize>); 5] = [
    ("floor", "plain sockets", None),
    ("ureq", "bare ureq", None),
    ("blocking", "SDK, blocking", Some(1)),
    ("ureq-proto", "bare ureq-proto", None),
    ("async-std", "SDK, async-std", Some(3)),
];

/// Maximum time for the rounds of one mode and verb, less than a minute in total.
const TIME_LIMIT: Duration = Duration::from_secs(12);

/// The number of rounds and requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Enough for meaningful figures, in less than a minute.
    Full,
    /// The minimum that checks that it works.
    Check,
}

impl Effort {
    const fn rounds(self) -> usize {
        match self {
            Self::Full => 25,
            Self::Check => 1,
        }
    }

    /// Returns the number of requests of a stack in a round.
    const fn requests(self, mode: Mode) -> usize {
        match (self, mode) {
            (Self::Full, Mode::Sequential) => 2_000,
            (Self::Full, Mode::Parallel) => 64 * 40,
            (Self::Check, _) => 64,
        }
    }
}

/// The cost of one request, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    time: f64,
    cpu: f64,
}

/// A child process, which is killed on drop.
struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Prints the table.
pub(crate) fn print(effort: Effort) {
    let mut out = io::stdout();
    write_table(effort, &mut out).expect("standard output is writable");
}

fn write_table(effort: Effort, out: &mut impl Write) -> io::Result<()> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rounds = effort.rounds();
    writeln!(
        out,
        "1 KB of JSON over loopback, {cores} cores, medians of up to {rounds} rounds. \
         CPU: user and system time of the client."
    )?;
    let (rate, cpu) = ("requests/s", "CPU us");
    writeln!(
        out,
        "{:12}{:6}{:18}{rate:>12}{cpu:>9}  | vs. plain sockets: req/s  CPU |    vs. bare stack: requests/s  CPU",
        "", "", ""
    )?;
    for mode in Mode::ALL {
        // If it fails here, it fails in the child processes, too.
        let pinned = std::thread::spawn(move || mode.pin()).join().unwrap_or(false);
        if !pinned {
            writeln!(out, "client and server could not be pinned to one core:")?;
        }
        let mut server = Process::start(&["server", mode.name()]);
        let port = server.read_line();
        let mut clients = STACKS.map(|(name, ..)| Process::start(&["client", mode.name(), name, &port]));
        for verb in Verb::ALL {
            let rounds = measure(effort, mode, verb, &mut clients);
            for (index, (_, title, bare)) in STACKS.iter().enumerate() {
                let median = |figure: &dyn Fn(&[Cost; 5]) -> f64| median(rounds.iter().map(figure).collect());
                let (rate, cpu) = (median(&|costs| 1e9 / costs[index].time), median(&|costs| costs[index].cpu / 1e3));
                let ratios = |to: usize| {
                    let rate = median(&|costs| costs[to].time / costs[index].time);
                    (rate, median(&|costs| costs[index].cpu / costs[to].cpu))
                };
                let (rate_ratio, cpu_ratio) = ratios(0);
                write!(out, "{:12}{:6}{title:18}{rate:>12.0}{cpu:>9.1}", mode.name(), verb.name().to_uppercase())?;
                write!(out, "  | {rate_ratio:>24.2}{cpu_ratio:>5.2} |")?;
                if let Some((rate_ratio, cpu_ratio)) = bare.map(ratios) {
                    write!(out, "{rate_ratio:>30.2}{cpu_ratio:>5.2}")?;
                }
                writeln!(out)?;
            }
        }
    }
    Ok(())
}

/// Measures the cost of a request for each stack, round by round.
fn measure(effort: Effort, mode: Mode, verb: Verb, clients: &mut [Process; 5]) -> Vec<[Cost; 5]> {
    let requests = effort.requests(mode);
    let start = Instant::now();
    for client in &mut *clients {
        client.run_requests(verb, requests / 4);
    }
    let mut rounds = Vec::new();
    // A busy machine completes fewer rounds.
    while rounds.len() < effort.rounds() && start.elapsed() < TIME_LIMIT {
        let round = rounds.len();
        let mut costs = [Cost::default(); 5];
        // The order changes from round to round.
        for turn in 0..5 {
            let index = if round % 2 == 0 { (turn + round) % 5 } else { (round + 5 - turn) % 5 };
            costs[index] = clients[index].run_requests(verb, requests);
        }
        rounds.push(costs);
    }
    rounds
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let program = env::current_exe().expect("the program has a path");
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let input = child.stdin.take().expect("the stream is piped");
        let output = BufReader::new(child.stdout.take().expect("the stream is piped"));
        Self { child, input, output }
    }

    fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the child writes text");
        line.trim_end().to_owned()
    }

    fn run_requests(&mut self, verb: Verb, requests: usize) -> Cost {
        writeln!(self.input, "{} {requests}", verb.name()).expect("the client reads commands");
        let line = self.read_line();
        let requests = u32::try_from(requests).expect("the number of requests is small");
        let mut figures =
            line.split(' ').map(|figure| Duration::from_nanos(figure.parse().expect("the client writes nanoseconds")));
        let mut each =
            || figures.next().expect("the client writes two numbers").as_secs_f64() * 1e9 / f64::from(requests);
        Cost { time: each(), cpu: each() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
