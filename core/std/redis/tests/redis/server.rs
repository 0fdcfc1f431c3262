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

use redis::{FromRedisValue, RedisResult};
use teamwire_redis::RedisStore;

/// Longer than any step takes.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A server on a socket in a folder of its own. It ends when this is dropped.
pub(crate) struct Server {
    folder: PathBuf,
    arguments: Vec<String>,
    process: Option<Child>,
}

impl Server {
    /// Starts a server. Returns `None` if none is installed.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
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

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.folder.join("socket").display())
    }

    /// Returns a store that is as patient as a test on a busy machine needs.
    pub(crate) fn store(&self) -> RedisStore {
        RedisStore::open(&self.url()).expect("the URL is valid").with_timeout(SOON)
    }

    /// Executes a command on a connection of its own.
    #[track_caller]
    pub(crate) fn command<T: FromRedisValue>(&self, words: &[&str]) -> T {
        self.try_command(words).expect("the server executes the command")
    }

    pub(crate) fn try_command<T: FromRedisValue>(&self, words: &[&str]) -> RedisResult<T> {
        let mut connection = redis::Client::open(self.url())?.get_connection_with_timeout(SOON)?;
        redis::cmd(words[0]).arg(&words[1..]).query(&mut connection)
    }

    /// Closes all connections to the server.
    pub(crate) fn cut_connections(&self) {
        self.command::<()>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    }

    /// Sends a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("the server runs").id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(status.expect("the command exists").success(), "the signal is sent");
    }

    /// Kills the server.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().and_then(|()| process.wait()).expect("the server is ours");
        }
    }

    /// Starts the server again, with the data in its folder. Returns once it accepts connections.
    pub(crate) fn launch(&mut self) {
        let socket = self.folder.join("socket");
        let mut process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--daemonize", "no", "--logfile", "", "--unixsocket"])
            .arg(socket)
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
        while let Ok(line) = lines.recv_timeout(SOON) {
            if line.contains("Ready to accept connections") || line.contains("ready to accept connections") {
                return;
            }
            log = log + &line + "\n";
        }
        panic!("the server does not start:\n{log}");
    }
}

impl Drop for Server {
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
