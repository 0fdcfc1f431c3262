//! haproxy in front of a sandbox.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;
use teamwire_sandbox::Sandbox;

use crate::{
    Failure,
    process::{Process, free_port},
    template,
};

const TEMPLATE: &str = include_str!("../haproxy.cfg.in");

/// Configuration lines of a scenario.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings<'a> {
    pub(crate) defaults: &'a str,
    /// Options of the frontend's `bind`.
    pub(crate) bind: &'a str,
    /// Rules of the frontend.
    pub(crate) rules: &'a str,
    pub(crate) backend: &'a str,
    /// Options of the backend's `server`.
    pub(crate) server: &'a str,
    /// Runs a master with workers, which can be reloaded.
    pub(crate) has_master: bool,
}

/// A running haproxy.
#[derive(Debug)]
pub(crate) struct Haproxy {
    process: Process,
    port: u16,
    config: PathBuf,
    log: PathBuf,
    has_master: bool,
}

impl Haproxy {
    /// Starts it in front of this sandbox.
    pub(crate) fn start(folder: &Path, sandbox: &Sandbox, settings: Settings<'_>) -> Result<Self, Failure> {
        let port = free_port()?;
        let (config, log) = (folder.join(format!("haproxy-{port}.cfg")), folder.join(format!("haproxy-{port}.log")));
        let values = [
            ("PORT", &*port.to_string()),
            ("SANDBOX", &sandbox.address().port().to_string()),
            ("DEFAULTS", settings.defaults),
            ("BIND", settings.bind),
            ("RULES", settings.rules),
            ("BACKEND", settings.backend),
            ("SERVER", settings.server),
        ];
        fs::write(&config, template::fill(TEMPLATE, &values)?)?;
        let has_master = settings.has_master;
        let process = launch(&config, &log, port, has_master)?;
        Ok(Self { process, port, config, log, has_master })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts new workers. The old ones finish their requests.
    pub(crate) fn reload(&self) -> Result<(), Failure> {
        Ok(self.process.signal(Signal::USR2)?)
    }

    /// Kills it, and so closes all its connections.
    pub(crate) fn kill(&mut self) -> Result<(), Failure> {
        self.process.kill()?;
        Ok(())
    }

    /// Starts it again on the same port after [`kill`](Self::kill).
    pub(crate) fn restart(&mut self) -> Result<(), Failure> {
        self.process = launch(&self.config, &self.log, self.port, self.has_master)?;
        Ok(())
    }

    /// Counts the log lines so far that contain all of these words.
    pub(crate) fn count_logged(&self, words: &[&str]) -> Result<usize, Failure> {
        count_lines(&self.log, words)
    }

    /// Counts the client connections with at least one completed request.
    pub(crate) fn count_connections(&self) -> Result<usize, Failure> {
        let text = fs::read_to_string(&self.log)?;
        let clients: HashSet<&str> = text
            .lines()
            .filter_map(|line| line.split(' ').next())
            .filter(|word| word.starts_with("127.0.0.1:"))
            .collect();
        Ok(clients.len())
    }

    /// Stops it, and counts the log lines that contain all of these words.
    pub(crate) fn stop(self, words: &[&str]) -> Result<usize, Failure> {
        let Self { process, log, .. } = self;
        drop(process);
        count_lines(&log, words)
    }
}

fn launch(config: &Path, log: &Path, port: u16, has_master: bool) -> Result<Process, Failure> {
    let mut command = Command::new("haproxy");
    if has_master {
        command.arg("-W");
    }
    Process::start(command.arg("-f").arg(config), log, port)
}

/// Counts the lines of a log that contain all of these words.
pub(crate) fn count_lines(log: &Path, words: &[&str]) -> Result<usize, Failure> {
    let text = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    Ok(text.lines().filter(|line| words.iter().all(|word| line.contains(word))).count())
}
