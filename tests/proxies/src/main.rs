//! Runs a bot of each adapter through haproxy, squid and tinyproxy, and prints a row for each scenario.
//!
//! The script `run` starts this program; see the README of this folder.

mod bot;
mod certificates;
mod failure;
mod feed_thread;
mod forward_proxy;
mod haproxy;
mod outcome;
mod person;
mod process;
mod report;
mod scenario;
mod tally;
mod template;
mod workload;

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use teamwire_tests::harness::{AsyncStd, Blocking, Harness};

use self::{failure::Failure, outcome::Outcome, report::Report, scenario::Scenario};

/// Maximum time for one scenario with one adapter.
const SCENARIO_TIMEOUT: Duration = Duration::from_secs(240);

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(folder) = arguments.next() else {
        let _ = writeln!(io::stderr(), "Usage: teamwire-proxies FOLDER [WORD ...]");
        return ExitCode::from(2);
    };
    match run_all(Path::new(&folder), &arguments.collect::<Vec<_>>()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "teamwire-proxies: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the scenarios whose names contain one of these words, or all of them. Returns true if all have passed.
fn run_all(folder: &Path, words: &[String]) -> io::Result<bool> {
    let mut report = Report::start()?;
    for scenario in Scenario::ALL {
        let name = scenario.name();
        if words.is_empty() || words.iter().any(|word| name.contains(word)) {
            report.add_row(&name, Blocking::NAME, &run_with_timeout::<Blocking>(scenario, folder))?;
            report.add_row(&name, AsyncStd::NAME, &run_with_timeout::<AsyncStd>(scenario, folder))?;
        }
    }
    report.finish()
}

/// Runs a scenario with a timeout. After that, its thread and proxies remain until this process ends.
fn run_with_timeout<H: Harness>(scenario: Scenario, folder: &Path) -> Outcome {
    let name: String = scenario.name().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let folder: PathBuf = folder.join(format!("{name}-{}", H::NAME));
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let outcome = fs::create_dir(&folder).map_err(Failure::from).and_then(|()| scenario.run::<H>(&folder));
        // After the timeout there is no receiver.
        let _ = sender.send(outcome);
    });
    match receiver.recv_timeout(SCENARIO_TIMEOUT) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Outcome::not_run(&error.to_string()),
        Err(RecvTimeoutError::Timeout) => Outcome::not_run(&format!("it timed out after {SCENARIO_TIMEOUT:?}")),
        Err(RecvTimeoutError::Disconnected) => Outcome::not_run("it panicked"),
    }
}
