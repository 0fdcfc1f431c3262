//! The measurements, and the commands that print their tables.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use teamwire_benchmarks::{http::report::Effort, table::Table};

use crate::{requests, types};

/// A measurement of one or several tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measurement {
    pub(crate) name: &'static str,
    /// The names of its tables in the document, in the order in which they are printed.
    pub(crate) tables: &'static [&'static str],
    source: Source,
}

/// The code that measures.
#[derive(Clone, Copy, Debug)]
enum Source {
    Machine,
    Requests,
    Types,
    /// A benchmark of the main workspace, with the same command by hand.
    Cargo(&'static str),
}

const ALL: &[Measurement] = &[
    Measurement { name: "machine", tables: &["machine"], source: Source::Machine },
    Measurement { name: "requests", tables: &["requests", "comparisons"], source: Source::Requests },
    Measurement { name: "types", tables: &["types"], source: Source::Types },
    Measurement {
        name: "core",
        tables: &["core"],
        source: Source::Cargo("run --release --locked -p teamwire-instructions"),
    },
    Measurement {
        name: "feeds",
        tables: &["feeds", "blocking feeds"],
        source: Source::Cargo("bench --locked -p teamwire-tests --bench feeds"),
    },
    Measurement {
        name: "lists",
        tables: &["lists"],
        source: Source::Cargo("bench --locked -p teamwire-tests --bench lists"),
    },
    Measurement {
        name: "files",
        tables: &["files"],
        source: Source::Cargo("bench --locked -p teamwire-tests --bench transfer"),
    },
    Measurement {
        name: "concurrency",
        tables: &["concurrency"],
        source: Source::Cargo("bench --locked -p teamwire-tests --bench concurrency"),
    },
    Measurement {
        name: "start",
        tables: &["start"],
        source: Source::Cargo("bench --locked -p teamwire-tests --bench cold_start"),
    },
    Measurement {
        name: "page",
        tables: &["page", "page memory"],
        source: Source::Cargo("bench --locked -p teamwire-tests --bench page"),
    },
];

impl Measurement {
    /// Returns the measurements of these names, or all of them.
    ///
    /// # Errors
    /// Fails if there is none of a name.
    pub(crate) fn select(names: &[&str]) -> Result<Vec<Self>, String> {
        if names.is_empty() {
            return Ok(ALL.to_vec());
        }
        let known = || ALL.iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
        let find = |name: &&str| {
            let found = ALL.iter().find(|it| it.name == *name).copied();
            found.ok_or_else(|| format!("unknown measurement {name:?}; there are {}", known()))
        };
        names.iter().map(find).collect()
    }

    /// Measures the tables.
    ///
    /// # Errors
    /// Fails if a program cannot be run, or prints another number of tables.
    pub(crate) fn run(&self) -> Result<Vec<Table>, String> {
        let tables = match self.source {
            Source::Machine => vec![machine()?],
            Source::Requests => requests::measure(Effort::Full),
            Source::Types => vec![types::measure()?],
            Source::Cargo(command) => Table::find_all(&cargo(command)?),
        };
        let (printed, expected) = (tables.len(), self.tables.len());
        if printed == expected { Ok(tables) } else { Err(format!("{}: {printed} tables, not {expected}", self.name)) }
    }
}

/// Returns the output of a command of cargo in the main workspace.
fn cargo(arguments: &str) -> Result<String, String> {
    let program = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(program);
    command.args(arguments.split(' ')).current_dir(workspace).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("cargo {arguments}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(text) } else { Err(format!("cargo {arguments}: {}\n{text}", output.status)) }
}

/// Returns the machine, and the versions of the measured crates.
fn machine() -> Result<Table, String> {
    let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let processors = read("/proc/cpuinfo")?;
    let processor = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = thread::available_parallelism().map_err(|error| error.to_string())?;
    let kernel = read("/proc/sys/kernel/osrelease")?;
    let kernel = kernel.split(['-', '\n']).next().unwrap_or_default();
    let rust = Command::new("rustc").arg("--version").output().map_err(|error| format!("rustc: {error}"))?;
    let rust = String::from_utf8_lossy(&rust.stdout);
    let rust = rust.split(' ').nth(1).unwrap_or_default();

    let mut table = Table::new(["", "measured with"]);
    table.push(["processor", processor.map_or("unknown", |it| it.1)]);
    table.push(["cores", &cores.to_string()]);
    table.push(["Linux", kernel]);
    table.push(["Rust", rust]);
    let crates =
        "ureq, ureq-proto, async-std, serde_json, reqwest, tokio, frankenstein, ruma-client-api, slack-morphism";
    for name in crates.split(", ") {
        table.push([name, version(name)?]);
    }
    Ok(table)
}

/// Returns the version of a crate in this program.
fn version(name: &str) -> Result<&'static str, String> {
    const LOCK: &str = include_str!("../Cargo.lock");
    let (_, after) = LOCK.split_once(&format!("\nname = \"{name}\"\nversion = \"")).ok_or("it is not in Cargo.lock")?;
    after.split('"').next().ok_or_else(|| format!("{name}: it has no version"))
}
