//! Has every stack make the same requests, in many short rounds in turn, and prints what came of it.
//!
//! A machine has moods that last longer than a round. So a stack is compared with another within each round, and what is
//! printed is the median of these ratios.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{Mode, Verb};

/// The stacks, and the place of the one that each adapter is built on.
const STACKS: [(&str, &str, Option<usize>); 5] = [
    ("floor", "sockets by hand", None),
    ("ureq", "bare ureq", None),
    ("blocking", "ours, blocking", Some(1)),
    ("ureq-proto", "bare ureq-proto", None),
    ("async-std", "ours, async-std", Some(3)),
];

/// The longest that the rounds of one mode and one verb may go on: together less than a minute.
const TIME_LIMIT: Duration = Duration::from_secs(12);

/// How much to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Enough for figures, in less than a minute.
    Full,
    /// As little as shows that it works.
    Check,
}

impl Effort {
    const fn rounds(self) -> usize {
        match self {
            Self::Full => 25,
            Self::Check => 1,
        }
    }

    /// How many requests a stack makes in a round.
    const fn requests(self, mode: Mode) -> usize {
        match (self, mode) {
            (Self::Full, Mode::Sequential) => 2_000,
            (Self::Full, Mode::Parallel) => 64 * 40,
            (Self::Check, _) => 64,
        }
    }
}

/// What one request costs, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    time: f64,
    cpu: f64,
}

/// A process that ends with this one.
struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Prints the table.
pub(crate) fn print(effort: Effort) {
    let mut out = io::stdout();
    write_table(effort, &mut out).expect("standard output is open");
}

fn write_table(effort: Effort, out: &mut impl Write) -> io::Result<()> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rounds = effort.rounds();
    writeln!(
        out,
        "1 KB of JSON over loopback, {cores} cores, medians of up to {rounds} rounds. CPU: user and system, the client's alone."
    )?;
    let (rate, cpu) = ("requests/s", "CPU us");
    writeln!(
        out,
        "{:12}{:6}{:18}{rate:>12}{cpu:>9}  | to the floor: requests/s  CPU | to its bare stack: requests/s  CPU",
        "", "", ""
    )?;
    for mode in Mode::ALL {
        // Where it cannot be asked for, it is not done in the children either.
        let pinned = std::thread::spawn(move || mode.pin()).join().unwrap_or(false);
        if !pinned {
            writeln!(out, "client and server could not be kept to one core:")?;
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

/// What a request cost each stack, round by round.
fn measure(effort: Effort, mode: Mode, verb: Verb, clients: &mut [Process; 5]) -> Vec<[Cost; 5]> {
    let requests = effort.requests(mode);
    let start = Instant::now();
    for client in &mut *clients {
        client.run_requests(verb, requests / 4);
    }
    let mut rounds = Vec::new();
    // A machine that has other things to do as well gets through fewer of them.
    while rounds.len() < effort.rounds() && start.elapsed() < TIME_LIMIT {
        let round = rounds.len();
        let mut costs = [Cost::default(); 5];
        // Each after another one than the last time.
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
        let program = env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program starts");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, input, output }
    }

    fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }

    fn run_requests(&mut self, verb: Verb, requests: usize) -> Cost {
        writeln!(self.input, "{} {requests}", verb.name()).expect("the client listens");
        let line = self.read_line();
        let requests = u32::try_from(requests).expect("a handful");
        let mut figures = line.split(' ').map(|figure| Duration::from_nanos(figure.parse().expect("nanoseconds")));
        let mut each = || figures.next().expect("both clocks").as_secs_f64() * 1e9 / f64::from(requests);
        Cost { time: each(), cpu: each() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
