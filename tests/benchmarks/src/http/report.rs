//! Runs the same requests on every stack, in many short rounds.
//!
//! The speed of a machine varies over periods longer than a round. So stacks are compared within each round, and the
//! medians of these ratios are printed.

use std::time::{Duration, Instant};

use super::{Mode, Verb};
use crate::{process::Process, table::Table};

/// A stack that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Stack {
    /// The name by which the client process knows it.
    pub name: &'static str,
    /// Its row in the table.
    pub title: &'static str,
}

/// The stacks of the main workspace. The first is the one that all others are compared with.
pub const STACKS: [Stack; 6] = [
    Stack { name: "floor", title: "sockets by hand" },
    Stack { name: "epoll", title: "sockets by hand, on one thread" },
    Stack { name: "ureq", title: "bare ureq" },
    Stack { name: "blocking", title: "blocking" },
    Stack { name: "ureq-proto", title: "bare ureq-proto" },
    Stack { name: "async-std", title: "async-std" },
];

/// The adapters, each with the HTTP stack below it.
pub const ADAPTERS: [(&str, &str); 2] = [("blocking", "ureq"), ("async-std", "ureq-proto")];

/// Maximum time for the rounds of one mode and verb, for each stack.
const TIME_LIMIT: Duration = Duration::from_secs(9);

/// The number of rounds and requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Enough for meaningful figures.
    Full,
    /// The minimum that checks that it works.
    Check,
}

impl Effort {
    const fn rounds(self) -> usize {
        match self {
            Self::Full => 75,
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

/// The rounds of one mode and verb. Each has the costs of all stacks.
#[derive(Debug)]
struct Rounds(Vec<Vec<Cost>>);

/// The measured costs of several stacks.
#[derive(Debug)]
pub struct Report<'a> {
    stacks: &'a [Stack],
    /// In the order of the columns: for each mode, GET and POST.
    rounds: Vec<Rounds>,
}

/// Measures all stacks, by processes of this program: `server MODE`, and `client MODE STACK PORT`.
pub fn measure(effort: Effort, stacks: &[Stack]) -> Report<'_> {
    let mut rounds = Vec::new();
    for mode in Mode::ALL {
        let mut server = Process::start(&["server", mode.name()]);
        let port = server.read_line();
        let start = |stack: &Stack| Process::start(&["client", mode.name(), stack.name, &port]);
        let mut clients: Vec<_> = stacks.iter().map(start).collect();
        rounds.extend(Verb::ALL.map(|verb| Rounds::measure(effort, mode, verb, &mut clients)));
    }
    Report { stacks, rounds }
}

impl Rounds {
    /// Measures the cost of a request for each stack, round by round.
    fn measure(effort: Effort, mode: Mode, verb: Verb, clients: &mut [Process]) -> Self {
        let requests = effort.requests(mode);
        let count = clients.len();
        for client in &mut *clients {
            run_requests(client, verb, requests / 4);
        }
        let start = Instant::now();
        let time_limit = TIME_LIMIT * u32::try_from(count).expect("the number of stacks is small");
        let mut rounds = Vec::new();
        // A busy machine completes fewer rounds.
        while rounds.len() < effort.rounds() && (rounds.is_empty() || start.elapsed() < time_limit) {
            let round = rounds.len();
            let mut costs = vec![Cost::default(); count];
            // The order changes from round to round.
            for turn in 0..count {
                let place = if round % 2 == 0 { turn + round } else { round + count - turn };
                let index = place % count;
                costs[index] = run_requests(&mut clients[index], verb, requests);
            }
            rounds.push(costs);
        }
        Self(rounds)
    }

    fn median(&self, figure: impl Fn(&[Cost]) -> f64) -> f64 {
        let mut figures: Vec<f64> = self.0.iter().map(|costs| figure(costs)).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    }
}

impl Report<'_> {
    /// Returns the cost of a request with each stack, relative to the first stack, whose own figures are absolute.
    pub fn table(&self) -> Table {
        let mut table = Self::header("");
        for (index, stack) in self.stacks.iter().enumerate() {
            if index == 0 {
                let rate = |rounds: &Rounds| format!("{:.0}", rounds.median(|costs| 1e9 / costs[0].time));
                let cpu = |rounds: &Rounds| format!("{:.1} µs", rounds.median(|costs| costs[0].cpu / 1e3));
                table.push(self.row(stack.title, rate, cpu));
            } else {
                table.push(self.ratios(stack.title, index, 0));
            }
        }
        table
    }

    /// Returns the cost with the first stack of each pair, relative to the second.
    ///
    /// # Panics
    /// If a stack of a pair was not measured.
    pub fn comparison(&self, pairs: &[(&str, &str)]) -> Table {
        let mut table = Self::header("compared with");
        let index = |name: &str| self.stacks.iter().position(|it| it.name == name).expect("the stack was measured");
        for (stack, other) in pairs {
            let (stack, other) = (index(stack), index(other));
            let title = format!("{}, with {}", self.stacks[stack].title, self.stacks[other].title);
            table.push(self.ratios(&title, stack, other));
        }
        table
    }

    fn header(first: &str) -> Table {
        let columns = Mode::ALL.map(|mode| {
            let requests = format!("{}: requests/s, GET", mode.name());
            [requests, "POST".to_owned(), "CPU, GET".to_owned(), "POST".to_owned()]
        });
        Table::new([first.to_owned()].into_iter().chain(columns.into_iter().flatten()))
    }

    fn ratios(&self, title: &str, stack: usize, other: usize) -> Vec<String> {
        let rate = |rounds: &Rounds| format!("{:.2}", rounds.median(|costs| costs[other].time / costs[stack].time));
        let cpu = |rounds: &Rounds| format!("{:.2}", rounds.median(|costs| costs[stack].cpu / costs[other].cpu));
        self.row(title, rate, cpu)
    }

    fn row(&self, title: &str, rate: impl Fn(&Rounds) -> String, cpu: impl Fn(&Rounds) -> String) -> Vec<String> {
        let mut row = vec![title.to_owned()];
        for mode in self.rounds.chunks(Verb::ALL.len()) {
            row.extend(mode.iter().map(&rate));
            row.extend(mode.iter().map(&cpu));
        }
        row
    }
}

fn run_requests(client: &mut Process, verb: Verb, requests: usize) -> Cost {
    client.write_line(&format!("{} {requests}", verb.name()));
    let line = client.read_line();
    let requests = u32::try_from(requests).expect("the number of requests is small");
    let mut figures =
        line.split(' ').map(|figure| Duration::from_nanos(figure.parse().expect("the client writes nanoseconds")));
    let mut each = || figures.next().expect("the client writes two numbers").as_secs_f64() * 1e9 / f64::from(requests);
    Cost { time: each(), cpu: each() }
}
