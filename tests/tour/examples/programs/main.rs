//! Runs the examples of both adapters as programs, as in a terminal, each with a sandbox of its own. They are those in
//! the folder of this program:
//!
//! ```sh
//! cargo build -p teamwire-blocking -p teamwire-async-std --examples
//! cargo run -p teamwire-tour --example programs
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

mod stories;
mod terminal;

use std::{
    error::Error,
    time::{Duration, Instant},
};

/// Maximum duration of what a program does, on a machine that is busy with other work.
const MAX_WAIT: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    for (name, story) in stories::ALL {
        let start = Instant::now();
        story().map_err(|error| format!("{name}: {error}"))?;
        println!("{name}: ok, {:.1} s", start.elapsed().as_secs_f32());
    }
    Ok(())
}
