//! A `redis-server` of a test.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use crate::send_signal;

/// Maximum time of a start.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// A server on a socket in a folder of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct RedisServer {
    folder: PathBuf,
    arguments: Vec<String>,
    process: Option<Child>,
}

impl RedisServer {
    /// Starts a server. Returns `None`, and says so once, if none is installed. With `TEAMWIRE_TEST_REDIS=1`, that is a
    /// failure.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        if !is_installed() {
            return None;
        }
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let folder = env::temp_dir().join(format!("teamwire-redis-{}-{number}", process::id()));
        fs::create_dir_all(&folder).expect("the folder can be created");
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut server = Self { folder, arguments, process: None };
        server.launch();
        Some(server)
    }

    /// The folder with the data of the server.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// The URL of its socket.
    pub fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Sends a signal, such as `STOP`.
    ///
    /// # Panics
    /// If the server was killed.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        send_signal(self.process.as_ref().expect("the server runs"), name);
    }

    /// Kills the server.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().and_then(|()| process.wait()).expect("the server is ours");
        }
    }

    /// Starts the server again, with the data in its folder. Returns once it accepts connections.
    ///
    /// # Panics
    /// If it does not start.
    pub fn launch(&mut self) {
        let mut process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--daemonize", "no", "--logfile", "", "--unixsocket"])
            .arg(self.socket())
            .arg("--dir")
            .arg(&self.folder)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-server can be executed");
        let output = BufReader::new(process.stdout.take().expect("it is a pipe"));
        self.process = Some(process);
        let (sender, lines) = mpsc::channel();
        // Reads until the server ends, so that it is never blocked by a full pipe.
        thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        let mut log = String::new();
        while let Ok(line) = lines.recv_timeout(MAX_WAIT) {
            if line.contains("Ready to accept connections") || line.contains("ready to accept connections") {
                return;
            }
            log = log + &line + "\n";
        }
        panic!("the server does not start:\n{log}");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill().and_then(|()| process.wait());
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn is_installed() -> bool {
    static REPORT: Once = Once::new();
    let in_folder = |folder: PathBuf| folder.join("redis-server").is_file();
    if env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(in_folder)) {
        return true;
    }
    assert!(env::var_os("TEAMWIRE_TEST_REDIS").is_none(), "TEAMWIRE_TEST_REDIS is set, but redis-server is missing");
    // Not by a macro, whose output is not shown for tests that pass.
    REPORT.call_once(|| drop(writeln!(io::stderr(), "\nRedis is left out: there is no redis-server in PATH\n")));
    false
}
