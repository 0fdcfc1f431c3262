//! Runs of this program under valgrind.

use std::{env, process::Command};

/// The cost of a run, or of an item.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Executed instructions.
    pub instructions: u64,
    /// Allocations on the heap.
    pub allocations: u64,
}

/// Returns the cost of an item: the difference between a run with many repetitions and one with a quarter of them,
/// which excludes the start of the program.
///
/// The closure returns the arguments with which this program performs a number of repetitions.
///
/// # Errors
/// Fails if valgrind cannot be started, or if the program fails.
pub fn cost_per_item(items: u64, repetitions: u64, arguments: impl Fn(&str) -> Vec<String>) -> Result<Cost, String> {
    let few = repetitions / 4;
    let run = |count: u64| cost(&arguments(&count.to_string()));
    let (first, second) = (run(few)?, run(repetitions)?);
    let items = (repetitions - few) * items;
    Ok(Cost {
        instructions: (second.instructions - first.instructions) / items,
        allocations: (second.allocations - first.allocations + items / 2) / items,
    })
}

/// Runs this program with these arguments.
fn cost(arguments: &[String]) -> Result<Cost, String> {
    let output = |tool: &str| {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let output = Command::new("valgrind")
            .args(["--callgrind-out-file=/dev/null"].iter().filter(|_| tool == "callgrind"))
            .arg(format!("--tool={tool}"))
            .arg(program)
            .args(arguments)
            .output()
            .map_err(|error| format!("valgrind is needed, and cannot be started: {error}"))?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(text) } else { Err(text) }
    };
    let number = |text: &str, before: &str| {
        let line = text.lines().find_map(|line| line.split_once(before)).ok_or_else(|| text.to_owned())?.1;
        let digits: String = line.chars().skip_while(|it| !it.is_ascii_digit()).take_while(|it| *it != ' ').collect();
        digits.replace(',', "").parse().map_err(|error| format!("{digits}: {error}"))
    };
    Ok(Cost {
        instructions: number(&output("callgrind")?, "refs:")?,
        allocations: number(&output("memcheck")?, "total heap usage:")?,
    })
}
