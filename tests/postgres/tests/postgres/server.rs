//! A `PostgreSQL` server of a test.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    os::unix::{fs::chown, process::CommandExt},
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

use teamwire_postgres_example::{PostgresStore, connect};

/// Longer than any step takes.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A server on a socket in a folder of its own. It ends when this is dropped.
pub(crate) struct Server {
    folder: PathBuf,
    process: Child,
}

impl Server {
    /// Starts a server. Returns `None` if none is installed.
    pub(crate) fn start() -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let programs = programs()?;
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let folder = env::temp_dir().join(format!("teamwire-postgres-{}-{number}", process::id()));
        fs::create_dir_all(&folder).expect("the folder can be created");
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).expect("the folder is ours");
        }
        let command = |name: &str| {
            let mut command = Command::new(programs.join(name));
            if let Some((uid, gid)) = user {
                command.gid(gid).uid(uid);
            }
            command.current_dir(&folder).stdin(Stdio::null()).arg("-D").arg(folder.join("data"));
            command
        };
        let made = command("initdb").args(["-U", "bots", "-A", "trust", "-N"]).output().expect("it can be executed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut process = command("postgres")
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-k"])
            .arg(&folder)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be executed");
        wait_until_ready(process.stderr.take().expect("it is a pipe"));
        Some(Self { folder, process })
    }

    pub(crate) fn config(&self) -> String {
        format!("host={} user=bots dbname=postgres", self.folder.display())
    }

    pub(crate) fn store(&self) -> PostgresStore {
        PostgresStore::new(self.config().parse().expect("it is valid"))
    }

    pub(crate) fn client(&self) -> postgres::Client {
        connect(&self.config().parse().expect("it is valid")).expect("the server accepts connections")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill().and_then(|()| self.process.wait());
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn wait_until_ready(log: impl io::Read + Send + 'static) {
    let (sender, lines) = mpsc::channel();
    // Reads until the server ends, so that it is never blocked by a full pipe.
    let log = BufReader::new(log);
    thread::spawn(move || log.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
    let mut text = String::new();
    while let Ok(line) = lines.recv_timeout(SOON) {
        if line.contains("ready to accept connections") {
            return;
        }
        text = text + &line + "\n";
    }
    panic!("the server does not start:\n{text}");
}

/// Returns the folder of the programs.
fn programs() -> Option<PathBuf> {
    static REPORT: Once = Once::new();
    let has_both = |folder: &Path| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file());
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian does not add the folder of a version to it.
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map_while(Result::ok);
    let mut versions: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    versions.sort();
    let found = versions.into_iter().rev().chain(env::split_paths(&path)).find(|folder| has_both(folder));
    if found.is_none() {
        assert!(
            env::var_os("TEAMWIRE_TEST_POSTGRES").is_none(),
            "TEAMWIRE_TEST_POSTGRES is set, but postgres is missing"
        );
        // Not by a macro, whose output is not shown for tests that pass.
        let report = || drop(writeln!(io::stderr(), "\nPostgreSQL is left out: there is no postgres in PATH\n"));
        REPORT.call_once(report);
    }
    found
}

/// Returns the ids of a user without privileges, because the server refuses to run as root.
fn unprivileged() -> Option<(u32, u32)> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let users = if is_root { fs::read_to_string("/etc/passwd").unwrap_or_default() } else { return None };
    ["postgres", "nobody"].iter().find_map(|name| {
        let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == *name)?;
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    })
}
