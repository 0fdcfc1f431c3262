use std::process::Command;
#[cfg(unix)]
use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

fn sandbox() -> Command {
    Command::new(env!("CARGO_BIN_EXE_teamwire-sandbox"))
}

#[test]
fn command_reports_unknown_arguments() {
    let output = sandbox().args(["--prot", "80"]).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("--prot") && message.contains("Usage:"), "{message}");
    let help = sandbox().arg("--help").output().expect("the command runs");
    assert!(help.status.success() && help.stdout.starts_with(b"Usage:"));
}

#[cfg(unix)]
#[test]
fn command_prints_its_address_and_stops_on_ctrl_c() {
    let mut running =
        sandbox().args(["--port", "0", "--page-port", "0"]).stdout(Stdio::piped()).spawn().expect("the command runs");
    let mut lines = BufReader::new(running.stdout.take().expect("its output is piped")).lines();
    let mut lines_read = Vec::new();
    while !lines_read.last().is_some_and(|line: &String| line.starts_with("Press Ctrl-C")) {
        lines_read.push(lines.next().expect("the output continues").expect("the output is UTF-8"));
    }
    let value = |name: &str| {
        lines_read.iter().find_map(|line| line.strip_prefix(&format!("export {name}="))).map(str::to_owned)
    };
    assert!(lines_read[0].contains("for development and tests only"));
    assert!(lines_read[1].contains("The page") && lines_read[1].contains(" http://127.0.0.1:"), "{}", lines_read[1]);
    assert!(value("TEAMWIRE_URL").is_some_and(|url| url.starts_with("http://127.0.0.1:")));
    assert!(value("TEAMWIRE_APP_ID").is_some() && value("TEAMWIRE_SECRET").is_some());
    let interrupted = Command::new("kill").args(["-INT", &running.id().to_string()]).status().expect("kill runs");
    assert!(interrupted.success());
    assert_eq!(running.wait().expect("the process ends").code(), Some(0));
}
