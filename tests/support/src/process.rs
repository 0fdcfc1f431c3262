//! Other processes.

use std::{
    env,
    process::{Child, Command},
};

/// Returns a command that runs this test in another process. The test finds out by an environment variable, which it
/// sets.
///
/// # Panics
/// If this program has no path.
pub fn test_process(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.args(["--exact", name, "--nocapture"]);
    command
}

/// Sends a signal to a process, such as `STOP`.
///
/// # Panics
/// If it cannot be sent.
#[track_caller]
pub fn send_signal(process: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &process.id().to_string()]).status();
    assert!(status.expect("the command exists").success(), "{name} is sent");
}
