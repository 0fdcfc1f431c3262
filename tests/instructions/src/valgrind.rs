//! Runs of this program under valgrind.

use std::{env, process::Command};

use crate::operation::{Operation, Side};

/// The cost of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
}

/// Performs an operation `count` times.
pub(crate) fn cost(operation: Operation, side: Side, count: u64) -> Result<Cost, String> {
    let output = |tool: &str| {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let output = Command::new("valgrind")
            .args(["--callgrind-out-file=/dev/null"].iter().filter(|_| tool == "callgrind"))
            .arg(format!("--tool={tool}"))
            .arg(program)
            .args(["run", operation.name(), side.name(), &count.to_string()])
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
