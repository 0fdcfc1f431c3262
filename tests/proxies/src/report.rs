//! The table of scenarios, and its totals.

use std::io::{self, Write};

use crate::{
    outcome::{Logins, Outcome},
    tally::Tally,
};

/// Maximum number of failures printed per scenario.
const MAX_FAILURES: usize = 8;
/// Maximum number of characters printed per failure.
const MAX_FAILURE_CHARS: usize = 250;

/// Sums over all scenarios.
#[derive(Debug, Default)]
pub(crate) struct Report {
    tally: Tally,
    logins: Option<Logins>,
    calls: usize,
    messages: usize,
    rows: usize,
    failed: usize,
}

impl Report {
    /// Prints the header of the table.
    pub(crate) fn start() -> io::Result<Self> {
        let [calls, messages, lost] = ["calls", "messages", "lost"];
        let [duplicated, out_of_order, failures] = ["duplicated", "out of order", "failures"];
        writeln!(
            io::stdout(),
            "{:<48} {:<10} {calls:>6} {messages:>8} {lost:>5} {duplicated:>10} {out_of_order:>12} {failures:>8}  \
             verdict",
            "scenario",
            "adapter",
        )?;
        Ok(Self::default())
    }

    /// Prints a row, and adds it to the totals.
    pub(crate) fn add_row(&mut self, scenario: &str, adapter: &str, outcome: &Outcome) -> io::Result<()> {
        let Outcome { calls, messages, tally, .. } = *outcome;
        let Tally { lost, duplicated, out_of_order } = tally;
        let failures = outcome.failures.len();
        let verdict = if outcome.has_passed() { "ok" } else { "FAILED" };
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "{scenario:<48} {adapter:<10} {calls:>6} {messages:>8} {lost:>5} {duplicated:>10} {out_of_order:>12} \
             {failures:>8}  {verdict}"
        )?;
        for note in &outcome.notes {
            writeln!(out, "    {note}")?;
        }
        for failure in outcome.failures.iter().take(MAX_FAILURES) {
            writeln!(out, "  ! {}", printable(failure))?;
        }
        if failures > MAX_FAILURES {
            writeln!(out, "  ! and {} more", failures - MAX_FAILURES)?;
        }
        out.flush()?;
        self.rows += 1;
        self.failed += usize::from(!outcome.has_passed());
        self.calls += calls;
        self.messages += messages;
        self.tally += tally;
        if let Some(Logins { call, feed }) = outcome.logins {
            let max = self.logins.get_or_insert_default();
            *max = Logins { call: max.call.max(call), feed: max.feed.max(feed) };
        }
        Ok(())
    }

    /// Prints the totals. Returns true if all scenarios have passed.
    pub(crate) fn finish(self) -> io::Result<bool> {
        let Self { tally: Tally { lost, duplicated, out_of_order }, calls, messages, rows, failed, .. } = self;
        let mut out = io::stdout().lock();
        writeln!(out, "\n{rows} rows, {failed} failed; {calls} calls, {messages} messages delivered")?;
        write!(out, "lost {lost}, duplicated {duplicated}, out of order {out_of_order}")?;
        match self.logins {
            Some(Logins { call, feed }) => writeln!(out, ", logins per wrong password: call {call}, feed {feed}")?,
            None => writeln!(out)?,
        }
        Ok(rows > 0 && failed == 0)
    }
}

/// Returns a text without control characters, and of limited length.
fn printable(text: &str) -> String {
    let mut line: String = text.chars().take(MAX_FAILURE_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX_FAILURE_CHARS).is_some() {
        line.push_str(" ...");
    }
    line
}
