//! The table at the end, in colour on a terminal.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use crate::diary::{Diary, Entry};

/// One row for each operation, with a column of times for each telling. What failed in any of them is the row's result.
pub(crate) fn print(told: &[Diary]) -> io::Result<()> {
    let paint = Paint { on: io::stdout().is_terminal() };
    let mut out = io::stdout().lock();
    let rows: Vec<_> = (0..operations(told)).filter_map(|row| worst(told, row)).collect();
    let wide = rows.iter().map(|entry| entry.operation.len()).max().unwrap_or(0);
    let widest = rows.iter().map(|entry| words(entry).chars().count()).max().unwrap_or(0);

    let times = columns(told.iter().map(|diary| diary.adapter.into()));
    writeln!(out, "{}", paint.bold(&format!("{:wide$}  requests  {:widest$}{times}", "operation", "result")))?;
    for (row, entry) in rows.into_iter().enumerate() {
        let name = format!("{:wide$}", entry.operation);
        let requests = if entry.requests == 0 { "local".into() } else { entry.requests.to_string() };
        let words = format!("{:widest$}", words(entry));
        let words = if entry.result.is_ok() { words } else { paint.red(&words) };
        let times = columns(told.iter().map(|diary| time(diary.entries.get(row))));
        writeln!(out, "{}  {requests:>8}  {words}{}", paint.cyan(&name), paint.dim(&times))?;
    }
    Ok(())
}

/// How many there are in the longest telling.
fn operations(told: &[Diary]) -> usize {
    told.iter().map(|diary| diary.entries.len()).max().unwrap_or(0)
}

/// The entry of this row that failed, in whichever telling; else that of the first telling that has one.
fn worst(told: &[Diary], row: usize) -> Option<&Entry> {
    let entries = || told.iter().filter_map(|diary| diary.entries.get(row));
    entries().find(|entry| entry.result.is_err()).or_else(|| entries().next())
}

fn columns(cells: impl Iterator<Item = String>) -> String {
    cells.fold(String::new(), |row, cell| row + &format!("  {cell:>10}"))
}

/// The last line. Whether all went well, in all tellings alike.
pub(crate) fn summary(told: &[Diary]) -> io::Result<bool> {
    let operations = operations(told);
    let is_ok = |row: usize| told.iter().all(|diary| diary.entries.get(row).is_some_and(|entry| entry.result.is_ok()));
    let ok = (0..operations).filter(|row| is_ok(*row)).count();
    writeln!(io::stdout().lock(), "\noperations: {operations}, ok: {ok}")?;
    Ok(ok == operations && told.iter().all(|diary| diary.is_whole))
}

fn words(entry: &Entry) -> String {
    const MOST: usize = 60;
    let words = entry.result.as_ref().unwrap_or_else(|error| error);
    if words.chars().count() <= MOST {
        return words.clone();
    }
    words.chars().take(MOST - 1).chain(['…']).collect()
}

fn time(entry: Option<&Entry>) -> String {
    match entry {
        None => "not told".into(),
        Some(entry) if entry.result.is_err() => "failed".into(),
        Some(entry) if entry.took < Duration::from_millis(1) => format!("{} µs", entry.took.as_micros()),
        Some(entry) => format!("{:.1} ms", entry.took.as_secs_f64() * 1000.0),
    }
}

/// Colours, where they are wanted.
struct Paint {
    on: bool,
}

impl Paint {
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
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.into() }
    }
}
