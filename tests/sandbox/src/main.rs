//! The sandbox on a terminal.

#![forbid(unsafe_code)]

mod options;
mod stop;

use std::{
    io::{self, Write},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use teamwire_sandbox::{Exchange, Sandbox};

use crate::options::{Command, Options, USAGE};

fn main() -> ExitCode {
    let options = match options::parse(std::env::args().skip(1)) {
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
            print_error(&format!("cannot serve: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Serves until the terminal says otherwise.
fn serve(options: &Options) -> io::Result<()> {
    let mut builder =
        Sandbox::builder().bind(options.address()).seed(options.seed.unwrap_or_else(random_seed)).observe(log_exchange);
    if options.bind.is_some() {
        builder = builder.allow_remote();
    }
    let sandbox = builder.start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stop_signal = runtime.block_on(async { stop::signals() })?;
    // Only now: whoever reads this may stop it at once.
    print_banner(&sandbox);
    runtime.block_on(stop_signal);
    print("stopped");
    Ok(())
}

fn print_banner(sandbox: &Sandbox) {
    let (url, app_id, secret) = (sandbox.url(), sandbox.app_id(), sandbox.secret());
    let warning = if sandbox.address().ip().is_loopback() {
        ""
    } else {
        "\nOthers can reach it at this address, and all it says travels in the clear.\n"
    };
    print(&format!(
        "Teamwire sandbox, for development and tests only. Nothing it holds outlives it.\n{warning}\n\
         URL     {url}\nApp ID  {app_id}\nSecret  {secret}\n\n\
         export TEAMWIRE_URL={url}\nexport TEAMWIRE_APP_ID={app_id}\nexport TEAMWIRE_SECRET={secret}\n\n\
         Ctrl-C stops it.\n"
    ));
}

/// One line for each request: when, what, with which status, in how many milliseconds. No query, and no headers.
fn log_exchange(exchange: &Exchange) {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % 86_400;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let status = exchange.response.as_ref().map_or("---".to_owned(), |response| response.status.as_u16().to_string());
    let (method, path, took) = (&exchange.method, exchange.uri.path(), exchange.duration.as_millis());
    print(&format!("{hours:02}:{minutes:02}:{seconds:02} {method} {path} {status} {took} ms"));
}

/// Each run hands out ids and a key of its own, so that nothing saved in an earlier run fits by accident.
fn random_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs().rotate_left(32) ^ u64::from(now.subsec_nanos()) ^ u64::from(std::process::id())
}

/// Writes a line; a terminal that has gone is no reason to stop.
fn print(text: &str) -> ExitCode {
    let _ = writeln!(io::stdout().lock(), "{text}");
    ExitCode::SUCCESS
}

fn print_error(text: &str) {
    let _ = writeln!(io::stderr().lock(), "teamwire-sandbox: {text}");
}
