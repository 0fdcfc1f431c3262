//! Replicas as processes, their store, and a sandbox whose members post.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write,
    path::PathBuf,
    process::{Child, ChildStdin, Stdio},
    thread,
    time::{Duration, Instant},
};

use teamwire_core::config::{APP_ID_VAR, SECRET_VAR, URL_VAR};
use teamwire_sandbox::{Sandbox, org};
use teamwire_test_support::{Folder, Rng, send_signal, test_process};

use super::{
    faults::{Fault, Who},
    records::{Line, Reader, Record},
    replica::{EXECUTOR, EXECUTORS, RECORDS, REPLICA, STORE},
    stores::Store,
};

/// Maximum wait for any step.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Time between two looks at the records.
const INTERVAL: Duration = Duration::from_millis(2);
const CHATS: usize = 20;
/// Number of records in the report of a failure.
const REPORTED: usize = 200;

/// A message of a person.
#[derive(Clone, Debug)]
pub(super) struct Posted {
    pub(super) tid: String,
    pub(super) text: String,
}

pub(super) struct World {
    /// The name of the test, which is that of the program of a replica.
    test: &'static str,
    seed: u64,
    pub(super) random: Rng,
    pub(super) sandbox: Sandbox,
    pub(super) store: Store,
    pub(super) replicas: Vec<Replica>,
    folder: Folder,
    reader: Reader,
    pub(super) lines: Vec<Line>,
    handled: BTreeSet<String>,
    chats: Vec<String>,
    pub(super) posted: Vec<Posted>,
    /// The faults so far, with their times.
    pub(super) faults: Vec<(u64, Fault)>,
    /// The times from the beginning to the end of each failover.
    pub(super) failovers: Vec<(u64, u64)>,
    pub(super) takeovers: Takeovers,
}

/// The times until another replica held the feed.
#[derive(Debug, Default)]
pub(super) struct Takeovers {
    pub(super) after_failures: Vec<Duration>,
    pub(super) after_releases: Vec<Duration>,
}

/// A replica in a process of its own.
#[derive(Debug)]
pub(super) struct Replica {
    number: usize,
    lives: usize,
    process: Child,
    input: ChildStdin,
}

impl Replica {
    fn name(&self) -> String {
        name(self.number, self.lives)
    }
}

fn name(number: usize, lives: usize) -> String {
    format!("{}-{lives}", EXECUTORS[number])
}

impl World {
    pub(super) fn start(test: &'static str, seed: u64, store: Store) -> Self {
        let (sandbox, folder) = (Sandbox::start().expect("loopback has a free port"), Folder::new());
        let anna = sandbox.as_person(org::ANNA);
        let create = |number| anna.create_chat(&format!("chat {number}"), &[org::BOT]).expect("Anna may create chats");
        let chats = (0..CHATS).map(create).collect();
        let reader = Reader::open(&PathBuf::from(folder.path("records")));
        let mut world = Self {
            test,
            seed,
            random: Rng::new(seed),
            sandbox,
            store,
            replicas: Vec::new(),
            folder,
            reader,
            lines: Vec::new(),
            handled: BTreeSet::new(),
            chats,
            posted: Vec::new(),
            faults: Vec::new(),
            failovers: Vec::new(),
            takeovers: Takeovers::default(),
        };
        for number in 0..EXECUTORS.len() {
            let replica = world.launch(number, 1);
            world.replicas.push(replica);
        }
        world.wait_until("a replica has begun", |world| {
            world.lines.iter().any(|line| matches!(line.record, Record::Saved { .. }))
        });
        world
    }

    fn launch(&self, number: usize, lives: usize) -> Replica {
        let name = name(number, lives);
        let errors = File::create(self.folder.path(&name)).expect("the file can be created");
        let mut process = test_process(self.test)
            .env(REPLICA, name)
            .env(EXECUTOR, EXECUTORS[number])
            .env(STORE, self.store.url(number))
            .env(RECORDS, self.folder.path("records"))
            .env(URL_VAR, self.sandbox.url())
            .env(APP_ID_VAR, self.sandbox.app_id())
            .env(SECRET_VAR, self.sandbox.secret())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .expect("a further process can be started");
        let input = process.stdin.take().expect("it is a pipe");
        Replica { number, lives, process, input }
    }

    /// Starts a replica again.
    fn relaunch(&mut self, number: usize) {
        self.replicas[number] = self.launch(number, self.replicas[number].lives + 1);
    }

    /// Posts messages in random chats.
    pub(super) fn post(&mut self, count: usize) {
        for _ in 0..count {
            let tid = self.chats[self.random.index(self.chats.len())].clone();
            let text = self.posted.len().to_string();
            self.sandbox.as_person(org::ANNA).post(&tid, &text).expect("Anna is in the chat");
            self.posted.push(Posted { tid, text });
        }
    }

    /// Waits until this number of messages is handled.
    pub(super) fn wait_for_handled(&mut self, count: usize) {
        self.wait_until("the messages are handled", |world| world.handled.len() >= count);
    }

    pub(super) fn wait_for_all(&mut self) {
        self.wait_for_handled(self.posted.len());
    }

    /// Waits until a condition holds, which is checked after each look at the records.
    #[track_caller]
    pub(super) fn wait_until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        let begun = Instant::now();
        loop {
            self.read();
            if is_so(self) {
                return;
            }
            for replica in &mut self.replicas {
                let ended = replica.process.try_wait().expect("it is a child");
                assert!(ended.is_none(), "{} has ended: {ended:?}", replica.name());
            }
            assert!(begun.elapsed() < MAX_WAIT, "within {MAX_WAIT:?}: {what}");
            thread::sleep(INTERVAL);
        }
    }

    fn read(&mut self) {
        for line in self.reader.read() {
            if let Record::Handled { text, .. } = &line.record {
                self.handled.insert(text.clone());
            }
            self.lines.push(line);
        }
    }

    /// Returns the replica that was granted the last claim, if it lives, or one of the others.
    pub(super) fn choose(&mut self, who: Who) -> usize {
        self.read();
        let newest = self.lines.iter().filter_map(|line| match line.record {
            Record::Granted { fence, .. } => Some((fence, &line.replica)),
            _ => None,
        });
        let holder = newest.max().map(|(_, name)| name.clone());
        let holder = self.replicas.iter().position(|replica| Some(replica.name()) == holder).unwrap_or_default();
        match who {
            Who::Holder => holder,
            Who::Other => (holder + 1 + self.random.index(self.replicas.len() - 1)) % self.replicas.len(),
        }
    }

    /// Waits until another process than this one is granted a claim after this time. Returns the time that it took.
    pub(super) fn wait_for_another(&mut self, name: &str, since: u64) -> Duration {
        let mut granted = None;
        self.wait_until("another replica takes over", |world| {
            let new = world.lines.iter().filter_map(|line| match line.record {
                Record::Granted { fence, .. } if fence > since && line.replica != name => Some(fence),
                _ => None,
            });
            granted = new.min();
            granted.is_some()
        });
        Duration::from_micros(granted.expect("the wait has ended").saturating_sub(since))
    }

    pub(super) fn name(&self, number: usize) -> String {
        self.replicas[number].name()
    }

    pub(super) fn signal(&self, number: usize, name: &str) {
        send_signal(&self.replicas[number].process, name);
    }

    /// Kills replicas, and starts them again.
    pub(super) fn kill(&mut self, numbers: &[usize]) {
        for &number in numbers {
            let process = &mut self.replicas[number].process;
            process.kill().and_then(|()| process.wait()).expect("it is ours");
        }
        for &number in numbers {
            self.relaunch(number);
        }
    }

    /// Requests that a replica stops.
    pub(super) fn request_stop(&mut self, number: usize) {
        let input = &mut self.replicas[number].input;
        input.write_all(b".").and_then(|()| input.flush()).expect("it reads its input");
    }

    /// Waits until a replica that was requested to stop has ended.
    pub(super) fn join(&mut self, mut replica: Replica) {
        let name = replica.name();
        let mut status = None;
        self.wait_until("the replica stops", |_| {
            status = replica.process.try_wait().expect("it is a child");
            status.is_some()
        });
        assert!(status.is_some_and(|status| status.success()), "{name} has ended: {status:?}");
        let is_end = |line: &&Line| line.replica == name && matches!(line.record, Record::Ended { .. });
        let end = self.lines.iter().find(is_end).map(|line| &line.record);
        assert!(matches!(end, Some(Record::Ended { error: None })), "{name} has ended: {end:?}");
    }

    /// Stops a replica gracefully, and starts it again.
    pub(super) fn restart(&mut self, number: usize) {
        self.request_stop(number);
        let next = self.launch(number, self.replicas[number].lives + 1);
        let stopped = std::mem::replace(&mut self.replicas[number], next);
        self.join(stopped);
    }

    /// Stops all replicas gracefully.
    pub(super) fn stop(&mut self) {
        for number in 0..self.replicas.len() {
            self.request_stop(number);
        }
        for replica in std::mem::take(&mut self.replicas) {
            self.join(replica);
        }
    }

    /// Prints what a failure needs.
    fn report(&mut self) {
        let unhandled: Vec<_> = self.posted.iter().filter(|posted| !self.handled.contains(&posted.text)).collect();
        let (seed, posted, records) = (self.seed, self.posted.len(), self.lines.len());
        let mut report = vec![format!("seed {seed}, {posted} messages, {records} records, not handled: {unhandled:?}")];
        report.extend(self.faults.iter().map(|(time, fault)| format!("{time} {fault:?}")));
        let last = &self.lines[records.saturating_sub(REPORTED)..];
        report.extend(last.iter().map(|line| serde_json::to_string(line).expect("it is JSON")));
        for replica in &self.replicas {
            let errors = fs::read_to_string(self.folder.path(&replica.name())).unwrap_or_default();
            report.push(format!("errors of {}:\n{errors}", replica.name()));
        }
        eprintln!("{}", report.join("\n"));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for replica in &mut self.replicas {
            let _ = replica.process.kill().and_then(|()| replica.process.wait());
        }
        if thread::panicking() {
            self.read();
            self.report();
        }
    }
}
