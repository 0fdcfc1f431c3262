//! The tour: an on-call bot's night, with every operation there is, against a sandbox backend in this process.
//!
//! ```sh
//! cargo run --example tour
//! ```
//!
//! The story is told twice, once through each adapter, each time to a backend of its own. The table says of every operation
//! how many requests it made, what came of it, and how long it took. The exit status is 1 if any of them failed.

mod diary;
mod files;
mod people;
mod story;
mod table;

use std::{error::Error, process::ExitCode};

use diary::Diary;
use teamwire_sandbox::Sandbox;
use teamwire_tests::{
    config,
    harness::{AsyncStd, Blocking, Harness},
};

fn main() -> ExitCode {
    match tour() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the tour could not be taken: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells the story through each adapter. Whether all went well.
fn tour() -> Result<bool, Box<dyn Error>> {
    let told = [tell::<Blocking>()?, tell::<AsyncStd>()?];
    table::print(&told)?;
    Ok(table::summary(&told)?)
}

/// Tells the story through one adapter.
fn tell<H: Harness>() -> Result<Diary, Box<dyn Error>> {
    let sandbox = Sandbox::start()?;
    let client = H::connect(config(&sandbox));
    let mut diary = Diary::new(H::NAME);
    if let Err(error) = story::tell::<H>(&client, &sandbox, &mut diary) {
        // What was told until then is in the diary, and what went wrong with it.
        eprintln!("the story through {} broke off: {error}", H::NAME);
        diary.broke_off();
    }
    Ok(diary)
}
