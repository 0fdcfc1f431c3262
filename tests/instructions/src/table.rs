//! The table of `docs/performance.md`.

use std::fmt::Write as _;

use crate::{
    operation::{MAX_REPETITIONS, Operation, Side},
    valgrind::{Cost, cost_per_item},
};

/// The largest increase of a ratio that is accepted.
const TOLERANCE: f64 = 1.03;

/// The cost per item of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    operation: Operation,
    ours: Cost,
    floor: Cost,
}

impl Row {
    #[expect(clippy::cast_precision_loss, reason = "the ratio is rounded")]
    fn ratio(&self) -> f64 {
        self.ours.instructions as f64 / self.floor.instructions as f64
    }
}

/// Measures all operations.
pub(crate) fn measure() -> Result<Vec<Row>, String> {
    let row = |operation| {
        Ok(Row { operation, ours: per_item(operation, Side::Ours)?, floor: per_item(operation, Side::Floor)? })
    };
    Operation::ALL.into_iter().map(row).collect()
}

fn per_item(operation: Operation, side: Side) -> Result<Cost, String> {
    cost_per_item(operation.items(), MAX_REPETITIONS, |count| {
        ["run", operation.name(), side.name(), count].map(str::to_owned).into()
    })
}

/// Returns the rows as a Markdown table.
pub(crate) fn print(rows: &[Row]) -> String {
    let mut table =
        "| | instructions | of the floor | ratio | allocations | of the floor |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for row in rows {
        let Row { operation, ours, floor } = row;
        writeln!(
            table,
            "| {} | {} | {} | {:.2} | {} | {} |",
            operation.title(),
            ours.instructions,
            floor.instructions,
            row.ratio(),
            ours.allocations,
            floor.allocations
        )
        .expect("a string accepts all text");
    }
    table
}

/// Compares the ratios with those of the table in a document.
pub(crate) fn compare(rows: &[Row], document: &str) -> Result<(), String> {
    for row in rows {
        let title = row.operation.title();
        let line = document.lines().find(|line| line.starts_with(&format!("| {title} |")));
        let line = line.ok_or_else(|| format!("the document has no row {title:?}"))?;
        let expected = line.split('|').nth(4).and_then(|cell| cell.trim().parse::<f64>().ok());
        let expected = expected.ok_or_else(|| format!("the fourth cell is not a ratio: {line}"))?;
        let ratio = row.ratio();
        if ratio > expected * TOLERANCE {
            return Err(format!("{title}: {ratio:.2} of the floor, but the document has {expected:.2}"));
        }
    }
    Ok(())
}
