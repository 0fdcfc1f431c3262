//! The output: an introduction, a table with a row for each operation, and a summary.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use crate::report::{Entry, Report};

const MAX_RESULT_CHARS: usize = 60;

pub(crate) fn introduction() -> io::Result<()> {
    writeln!(
        io::stdout().lock(),
        "A bot handles an outage at night: every operation of the Python SDK's chat module, by its Python name\n\
         (docs/operations.md has the Rust names), through both adapters, each against a sandbox in this process.\n"
    )
}

/// Prints one row for each operation, with a column of times for each run. A failure in any run is the row's result.
pub(crate) fn print(reports: &[Report]) -> io::Result<()> {
    let style = Style { is_on: io::stdout().is_terminal() };
    let mut out = io::stdout().lock();
    let rows: Vec<_> = (0..operations(reports)).filter_map(|row| result(reports, row)).collect();
    let operation_width = rows.iter().map(|entry| entry.operation.len()).max().unwrap_or(0);
    let result_width = rows.iter().map(|entry| text(entry).chars().count()).max().unwrap_or(0);

    let headings = columns(reports.iter().map(|report| report.adapter.into()));
    let heading = format!("{:operation_width$}  requests  {:result_width$}{headings}", "operation", "result");
    writeln!(out, "{}", style.bold(&heading))?;
    for (row, entry) in rows.into_iter().enumerate() {
        let operation = style.cyan(&format!("{:operation_width$}", entry.operation));
        let requests = if entry.requests == 0 { "none".into() } else { entry.requests.to_string() };
        let text = format!("{:result_width$}", text(entry));
        let text = if entry.result.is_ok() { text } else { style.red(&text) };
        let times = style.dim(&columns(reports.iter().map(|report| time(report.entries.get(row)))));
        writeln!(out, "{operation}  {requests:>8}  {text}{times}")?;
    }
    Ok(())
}

/// Prints the last line. Returns whether every operation succeeded in every run.
pub(crate) fn summary(reports: &[Report]) -> io::Result<bool> {
    let operations = operations(reports);
    let succeeded =
        |row: &usize| reports.iter().all(|report| report.entries.get(*row).is_some_and(|entry| entry.result.is_ok()));
    let ok = (0..operations).filter(succeeded).count();
    writeln!(io::stdout().lock(), "\noperations: {operations}, ok: {ok}")?;
    Ok(ok == operations && reports.iter().all(|report| report.is_complete))
}

/// The number of operations in the longest run.
fn operations(reports: &[Report]) -> usize {
    reports.iter().map(|report| report.entries.len()).max().unwrap_or(0)
}

/// The entry of this row that failed in any run, or else that of the first run that has one.
fn result(reports: &[Report], row: usize) -> Option<&Entry> {
    let entries = || reports.iter().filter_map(|report| report.entries.get(row));
    entries().find(|entry| entry.result.is_err()).or_else(|| entries().next())
}

fn columns(cells: impl Iterator<Item = String>) -> String {
    cells.fold(String::new(), |row, cell| row + &format!("  {cell:>10}"))
}

fn text(entry: &Entry) -> String {
    let text = entry.result.as_ref().unwrap_or_else(|error| error);
    if text.chars().count() <= MAX_RESULT_CHARS {
        return text.clone();
    }
    text.chars().take(MAX_RESULT_CHARS - 1).chain(['…']).collect()
}

fn time(entry: Option<&Entry>) -> String {
    match entry {
        None => "not run".into(),
        Some(entry) if entry.result.is_err() => "failed".into(),
        Some(entry) if entry.took < Duration::from_millis(1) => format!("{} µs", entry.took.as_micros()),
        Some(entry) => format!("{:.1} ms", entry.took.as_secs_f64() * 1000.0),
    }
}

/// Colours, if the output is a terminal.
struct Style {
    is_on: bool,
}

impl Style {
    fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    fn red(&self, text: &str) -> String {
        self.paint("31", text)
    }

    fn cyan(&self, text: &str) -> String {
        self.paint("36", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.is_on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.into() }
    }
}
