//! Compares Teamwire with other clients, and writes the tables and plots of `docs/performance.md`.
//!
//! ```text
//! cargo run --release --manifest-path tests/peers/Cargo.toml -- requests types             prints these tables
//! cargo run --release --manifest-path tests/peers/Cargo.toml -- --write docs/performance.md
//! ```
//!
//! Names after the document, such as `requests`, restrict it to the tables of these measurements. `--plot` with a
//! document draws its plots again.

mod figures;
mod measurement;
mod requests;
mod text;
mod types;

use std::{env, fs, path::Path, process::ExitCode};

use teamwire_benchmarks::{document, http::Mode};

use measurement::Measurement;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), String> {
    match arguments {
        ["server", mode] => requests::serve(Mode::from_name(mode)),
        ["client", mode, stack, port] => {
            requests::run(Mode::from_name(mode), stack, port.parse().map_err(|error| format!("{port}: {error}"))?);
        }
        ["decode", client, types, count] => types::run(client, types, count)?,
        ["--write", document, names @ ..] => write(Path::new(document), names)?,
        ["--plot", document] => figures::draw(Path::new(document))?,
        names => {
            for measurement in Measurement::select(names)? {
                measurement.run()?.iter().for_each(|table| println!("{table}"));
            }
        }
    }
    Ok(())
}

/// Replaces the tables of a document, each as soon as it is measured, and draws its plots.
fn write(path: &Path, names: &[&str]) -> Result<(), String> {
    let with_path = |error: std::io::Error| format!("{}: {error}", path.display());
    for measurement in Measurement::select(names)? {
        eprintln!("measuring: {}", measurement.name);
        let tables = measurement.run()?;
        let mut text = fs::read_to_string(path).map_err(with_path)?;
        for (name, table) in measurement.tables.iter().zip(&tables) {
            text = document::replace(&text, name, &figures::images(path, name), table)?;
        }
        fs::write(path, text).map_err(with_path)?;
    }
    figures::draw(path)
}
