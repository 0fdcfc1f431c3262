//! The tour: a night on call, with every operation, against a sandbox in this process.
//!
//! ```sh
//! cargo run --example tour
//! ```
//!
//! The same story runs through each adapter, each time against a separate sandbox. For every operation, a table shows
//! the number of requests, the result and the time. The exit status is 1 if an operation failed.

mod adapter;
mod files;
mod report;
mod story;
mod table;
mod words;

use std::{error::Error, process::ExitCode};

use adapter::{Adapter, AsyncStd, Blocking};
use report::Report;
use teamwire_core::{Config, Credentials};
use teamwire_sandbox::Sandbox;

fn main() -> ExitCode {
    match tour() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the tour failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the story through each adapter and prints the table. Returns whether everything succeeded.
fn tour() -> Result<bool, Box<dyn Error>> {
    table::introduction()?;
    let reports = [run::<Blocking>()?, run::<AsyncStd>()?];
    table::print(&reports)?;
    Ok(table::summary(&reports)?)
}

/// Runs the story through one adapter.
fn run<A: Adapter>() -> Result<Report, Box<dyn Error>> {
    let sandbox = Sandbox::start()?;
    let config = Config::new(&sandbox.url(), Credentials::new(sandbox.app_id(), sandbox.secret())?)?;
    let client = A::client(config)?;
    let mut report = Report::new(A::NAME);
    if let Err(error) = story::run::<A>(&client, &sandbox, &mut report) {
        // The report has every operation up to this one.
        eprintln!("{} stopped early: {error}", A::NAME);
        report.stopped_early();
    }
    Ok(report)
}
