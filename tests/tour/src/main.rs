//! The tour: a night on call, with every operation, against a sandbox in this process.
//!
//! ```sh
//! cargo run --example tour
//! cargo run --example tour -- --slowly      # in a browser: it prints the address of the sandbox's page
//! ```
//!
//! The same story runs through each adapter, each time against a separate sandbox. For every operation, a table shows
//! the number of requests, the result and the time. The exit status is 1 if an operation failed.
//!
//! With `--slowly`, the story runs once, with a pause before each step, so that it can be followed on the page. The
//! sandbox then stays until Ctrl-C. `--slowly=500` sets the pause in milliseconds.

mod adapter;
mod files;
mod pace;
mod report;
mod slow;
mod story;
mod table;
mod words;

use std::{error::Error, process::ExitCode, time::Duration};

use adapter::{Adapter, AsyncStd, Blocking};
use pace::Pace;
use report::Report;
use teamwire_sandbox::Sandbox;

/// The pause before each step with `--slowly`.
const PAUSE: Duration = Duration::from_millis(1500);

const USAGE: &str = "Usage: tour [--slowly[=MILLISECONDS]]";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
    let Ok(pause) = pause(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match pause.map_or_else(tour, slow::play) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the tour failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the arguments: the pause before each step, if there is to be one.
fn pause(arguments: &[String]) -> Result<Option<Duration>, ()> {
    match arguments {
        [] => Ok(None),
        [argument] if argument == "--slowly" => Ok(Some(PAUSE)),
        [argument] => {
            let millis = argument.strip_prefix("--slowly=").and_then(|millis| millis.parse().ok());
            millis.map(|millis| Some(Duration::from_millis(millis))).ok_or(())
        }
        _ => Err(()),
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
    let mut report = Report::new(A::NAME);
    if let Err(error) = story::run_on::<A>(&sandbox, &Pace::Fast, &mut report) {
        // The report has every operation up to this one.
        eprintln!("{} stopped early: {error}", A::NAME);
        report.stopped_early();
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn pause_is_given_by_the_arguments() {
        let pause = |arguments: &[&str]| pause(&arguments.iter().map(|&it| it.to_owned()).collect::<Vec<_>>());
        assert_eq!(pause(&[]), Ok(None));
        assert_eq!(pause(&["--slowly"]), Ok(Some(PAUSE)));
        assert_eq!(pause(&["--slowly=500"]), Ok(Some(Duration::from_millis(500))));
        for wrong in [&["--slow"][..], &["--slowly=soon"], &["--slowly", "500"]] {
            assert_eq!(pause(wrong), Err(()), "{wrong:?}");
        }
    }

    #[test]
    fn slow_story_has_the_steps_of_the_fast_one() -> Result<(), Box<dyn Error>> {
        let (sender, stop) = mpsc::channel();
        let slow = Pace::Slow { pause: Duration::ZERO, stop };
        let names = |pace: &Pace| {
            let mut report = Report::new(Blocking::NAME);
            story::run_on::<Blocking>(&Sandbox::start()?, pace, &mut report)?;
            Ok::<_, Box<dyn Error>>(report.entries.into_iter().map(|entry| entry.operation).collect::<Vec<_>>())
        };
        assert_eq!(names(&slow)?, names(&Pace::Fast)?);
        sender.send(())?;
        let stopped = names(&slow).expect_err("the program is to stop");
        assert!(stopped.is::<pace::Stopped>(), "{stopped}");
        Ok(())
    }
}
