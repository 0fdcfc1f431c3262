//! A sandbox in a process of its own, a bot, and streams of events.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use teamwire_blocking::{ChatRef, Config, Credentials};
use teamwire_sandbox::{Sandbox, org};

/// The argument by which this program is a sandbox.
pub(crate) const SERVE: &str = "serve";

/// Serves a sandbox until the standard input ends.
pub(crate) fn serve() {
    let page = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sandbox = Sandbox::builder().page(page).start().expect("loopback has a free port");
    println!("watch the bot: {}", sandbox.page_url().expect("it has a page"));
    for name in ["TEAMWIRE_URL", "TEAMWIRE_APP_ID", "TEAMWIRE_SECRET"] {
        println!("{name}={}", sandbox.var(name).expect("the sandbox has this variable"));
    }
    println!("Press Ctrl-C");
    let _ = io::stdin().read_to_end(&mut Vec::new());
}

/// A sandbox. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    page: SocketAddr,
    /// The lobby, as the bot uses it.
    pub(crate) lobby: ChatRef,
}

impl Process {
    /// Starts this program, or another sandbox.
    pub(crate) fn start(program: Option<&str>) -> Self {
        let itself = || env::current_exe().expect("this program has a path");
        let mut command = Command::new(program.map_or_else(itself, PathBuf::from));
        if program.is_some() {
            command.args(["--port", "0", "--page-port", "0", "--variables", "env"]);
        } else {
            command.arg(SERVE);
        }
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the sandbox can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let mut first = Vec::new();
        while !first.last().is_some_and(|line: &String| line.starts_with("Press Ctrl-C")) {
            first.push(lines.next().expect("the output continues").expect("the output is UTF-8"));
        }
        // The sandbox waits if its output is not read.
        thread::spawn(move || lines.for_each(drop));
        let after = |start: &str| first.iter().find_map(|line| line.split_once(start)).expect("it is printed").1;
        let credentials =
            Credentials::new(after("TEAMWIRE_APP_ID="), after("TEAMWIRE_SECRET=")).expect("both are valid");
        let config = Config::new(after("TEAMWIRE_URL="), credentials).expect("the URL is valid");
        let client = teamwire_blocking::client(config).expect("the options are valid");
        let page = after("watch the bot: ").trim_start_matches("http://").parse().expect("it is an address");
        Self { child, page, lobby: client.chats().chat(org::LOBBY) }
    }

    /// Reads the events, as a page does, on a thread of its own. Returns the number of bytes so far.
    pub(crate) fn open_page(&self) -> Arc<AtomicU64> {
        let mut stream = TcpStream::connect(self.page).expect("the page listens");
        let head = format!("GET /sandbox/api/events HTTP/1.1\r\nHost: {}\r\n\r\n", self.page);
        stream.write_all(head.as_bytes()).expect("the connection is open");
        let mut buffer = vec![0; 64 * 1024];
        let read = stream.read(&mut buffer).expect("the stream starts");
        assert!(buffer[..read].starts_with(b"HTTP/1.1 200"), "the sandbox rejects the page");
        let bytes = Arc::new(AtomicU64::new(0));
        let counted = bytes.clone();
        thread::spawn(move || {
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                counted.fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
            }
        });
        bytes
    }

    /// The resident memory in KiB and the number of threads.
    pub(crate) fn usage(&self) -> Option<(u64, u64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next();
        Some((value("VmRSS:")?.parse().ok()?, value("Threads:")?.parse().ok()?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        assert!(killed.is_ok() || thread::panicking(), "{killed:?}");
    }
}
