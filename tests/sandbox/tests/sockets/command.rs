use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

fn sandbox() -> Command {
    Command::new(env!("CARGO_BIN_EXE_teamwire-sandbox"))
}

#[test]
fn what_it_does_not_understand_it_says() {
    let output = sandbox().args(["--prot", "80"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("--prot") && complaint.contains("Usage:"), "{complaint}");
    let help = sandbox().arg("--help").output().expect("it runs");
    assert!(help.status.success() && help.stdout.starts_with(b"Usage:"));
}

#[cfg(unix)]
#[test]
fn it_tells_where_it_is_and_stops_when_it_is_told_to() {
    let mut running = sandbox().stdout(Stdio::piped()).spawn().expect("it runs");
    let mut lines = BufReader::new(running.stdout.take().expect("its output is piped")).lines();
    let mut said = Vec::new();
    while !said.last().is_some_and(|line: &String| line.starts_with("Ctrl-C")) {
        said.push(lines.next().expect("it says more").expect("it is text"));
    }
    let value =
        |name: &str| said.iter().find_map(|line| line.strip_prefix(&format!("export {name}="))).map(str::to_owned);
    assert!(said[0].contains("for development and tests only"));
    assert!(value("TEAMWIRE_URL").is_some_and(|url| url.starts_with("http://127.0.0.1:")));
    assert!(value("TEAMWIRE_APP_ID").is_some() && value("TEAMWIRE_SECRET").is_some());
    let interrupted = Command::new("kill").args(["-INT", &running.id().to_string()]).status().expect("kill runs");
    assert!(interrupted.success());
    assert_eq!(running.wait().expect("it ends").code(), Some(0));
}
