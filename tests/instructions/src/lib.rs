//! Counts the instructions and allocations of four operations of the core, beside those of `serde_json` alone:
//!
//! ```sh
//! cargo run --release -p teamwire-instructions
//! cargo run --release -p teamwire-instructions -- --check docs/performance.md
//! ```
//!
//! The first prints a table, the second compares it with that of a document. It runs itself under valgrind, so that the
//! figures do not depend on the machine. Those of the compiler are excluded by the ratio to the floor: the same values
//! are serialised and deserialised by `serde_json` into the same kinds of structs, by the same compiler.

#![expect(clippy::print_stdout, reason = "the program prints a table")]

mod floor;
mod json;
mod operation;
mod ours;
mod table;
pub mod valgrind;

use std::{env, fs, process::ExitCode};

use operation::{Operation, Side};

/// Lists messages on the core, once per response: each is the last page of its list.
pub fn list_messages(pages: Vec<Vec<u8>>) {
    ours::run(Operation::Page, pages);
}

/// Runs the program by its arguments.
pub fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        [] => table::measure().map(|rows| println!("{}", table::print(&rows))),
        ["--check", path] => fs::read_to_string(path).map_err(|error| format!("{path}: {error}")).and_then(check),
        ["run", operation, side, count] => run(operation, side, count),
        _ => Err("usage: instructions [--check FILE]".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Compares the measured ratios with those of a document.
fn check(document: String) -> Result<(), String> {
    let rows = table::measure()?;
    println!("{}", table::print(&rows));
    table::compare(&rows, &document)
}

/// Performs an operation several times: the process that is measured.
fn run(operation: &str, side: &str, count: &str) -> Result<(), String> {
    let operation = Operation::ALL.into_iter().find(|it| it.name() == operation).ok_or("unknown operation")?;
    let count: usize = count.parse().map_err(|error| format!("{count}: {error}"))?;
    let bodies = operation.bodies().into_iter().take(count).collect();
    match side {
        "ours" => ours::run(operation, bodies),
        "floor" => floor::run(operation, bodies),
        _ => return Err(format!("{side}: expected {} or {}", Side::Ours.name(), Side::Floor.name())),
    }
    Ok(())
}
