//! A proxy as a child process, which listens on a free port of loopback and ends with its owner.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::Failure;

/// Maximum time for a proxy to start.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum time for a proxy to end after a signal.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A running proxy.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts a program with this log, and waits until it accepts connections on this port.
    pub(crate) fn start(command: &mut Command, log: &Path, port: u16) -> Result<Self, Failure> {
        let output = OpenOptions::new().create(true).append(true).open(log)?;
        let errors = output.try_clone()?;
        let child = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn()?;
        let mut process = Self(child);
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = process.0.try_wait()?;
            if ended.is_some() || started.elapsed() > START_TIMEOUT {
                let program = command.get_program().to_string_lossy();
                let log = fs::read_to_string(log).unwrap_or_default();
                return Err(format!("{program} does not start ({ended:?}): {log}").into());
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(process)
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.0), signal)?)
    }

    /// Kills it without notice.
    pub(crate) fn kill(&mut self) -> io::Result<ExitStatus> {
        self.0.kill()?;
        self.0.wait()
    }
}

/// Terminates the process, so that it can end its own children, before killing it.
impl Drop for Process {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) && self.signal(Signal::TERM).is_ok() {
            let started = Instant::now();
            while self.0.try_wait().is_ok_and(|ended| ended.is_none()) && started.elapsed() < STOP_TIMEOUT {
                thread::sleep(POLL_INTERVAL);
            }
        }
        // Fails if the process has already ended.
        let _ = self.kill();
    }
}

/// Returns a free port of loopback. It is below those that Linux uses for outgoing connections, so that it stays free
/// while a proxy is restarted.
pub(crate) fn free_port() -> io::Result<u16> {
    const FIRST_PORT: u16 = 12_000;
    const PORT_COUNT: u16 = 16_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let offset = u16::try_from(std::process::id() % u32::from(PORT_COUNT)).expect("the offset is below PORT_COUNT");
    for _ in 0..PORT_COUNT {
        let next = (offset + NEXT.fetch_add(1, Ordering::Relaxed) % PORT_COUNT) % PORT_COUNT;
        let port = FIRST_PORT + next;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::AddrInUse, "loopback has no free port"))
}
