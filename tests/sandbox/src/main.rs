//! The command-line program.

#![forbid(unsafe_code)]

mod options;
mod screen;
mod start;

use std::{
    io::{self, Write},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use teamwire_sandbox::{ObservedExchange, StopSignal};

use crate::options::{Command, DEFAULT_PAGE_PORT, DEFAULT_PORT, Options, USAGE};

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).map(|argument| {
        argument.into_string().map_err(|argument| format!("the argument {} is not Unicode", argument.display()))
    });
    let options = match arguments.collect::<Result<Vec<_>, _>>().and_then(|it| options::parse(it.into_iter())) {
        Ok(Command::Serve(options)) => options,
        Ok(Command::Help) => return print(USAGE),
        Err(error) => {
            print_error(&format!("{error}\n\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    match serve(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&format!("cannot start: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal arrives.
fn serve(options: &Options) -> io::Result<()> {
    let (sandbox, note) = start::start(options, [DEFAULT_PORT, DEFAULT_PAGE_PORT], log_exchange)?;
    let stop = StopSignal::listen()?;
    // Printed only once signals are handled, because a reader may send one at once.
    print(&screen::first(&sandbox, options.variables, &note));
    stop.wait();
    print("stopped");
    Ok(())
}

/// Prints one line per request: time, method, path, status and duration, but no query and no headers.
fn log_exchange(exchange: &ObservedExchange) {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % 86_400;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let status = exchange.response.as_ref().map_or("---".to_owned(), |response| response.status.as_u16().to_string());
    let (method, path, took) = (&exchange.method, exchange.uri.path(), exchange.duration.as_millis());
    print(&format!("{hours:02}:{minutes:02}:{seconds:02} {method} {path} {status} {took} ms"));
}

/// Writes a line. A closed terminal is not an error.
fn print(text: &str) -> ExitCode {
    let _ = writeln!(io::stdout().lock(), "{text}");
    ExitCode::SUCCESS
}

fn print_error(text: &str) {
    let _ = writeln!(io::stderr().lock(), "teamwire-sandbox: {text}");
}
