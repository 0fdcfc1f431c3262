//! A bot that follows a chat over real sockets and is killed repeatedly, at random moments: it handles every message in
//! order, and only the message at which it was killed can be handled twice.
//!
//! The bot is this program, started as another process. It reports each step, and waits for permission to continue, so
//! it can be killed between any two steps or during one.
//!
//! `TEAMWIRE_KILLS` sets the number of kills, and `TEAMWIRE_SEED` the random moments.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{self, Child, ChildStdin, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    Checkpoint, Config, FeedEvent,
    config::{APP_ID_VAR, SECRET_VAR, URL_VAR},
};
use teamwire_sandbox::{Sandbox, org};
use teamwire_test_support::{Rng, test_process};
use teamwire_tests::{executor_test, harness::Harness};

const BOT: &str = "TEAMWIRE_KILLED_BOT";
const FOLDER: &str = "TEAMWIRE_KILLED_FOLDER";
const POLLS: &str = "GET /v1/chats/{tid}/messages/updates";
/// Maximum wait for any step.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// In the process of a bot, this test runs the bot.
#[executor_test(adapters)]
fn killed_bot_handles_every_message<H: Harness>() {
    if env::var(BOT).is_ok_and(|bot| bot == H::NAME) {
        return follow::<H>();
    }
    let number = |name: &str| env::var(name).ok().and_then(|value| value.parse().ok());
    let (kills, seed) = (number("TEAMWIRE_KILLS").unwrap_or(100), number("TEAMWIRE_SEED").unwrap_or(1));
    let mut test = Test::new(H::NAME, seed);
    for life in 0..kills {
        let moment = Moment::draw(&mut test.random);
        test.live(moment, &format!("seed {seed}, life {life}, {moment:?}"));
    }
    test.live(Moment::AtTheEnd, "the last life");
    test.check();
}

fn follow<H: Harness>() {
    let folder = PathBuf::from(env::var(FOLDER).expect("the test sets it"));
    let client = H::connect(Config::from_vars(|name| env::var(name).ok()).expect("the test sets them"));
    let saved = fs::read(checkpoint_in(&folder)).ok();
    let saved: Option<Checkpoint> = saved.map(|json| serde_json::from_slice(&json).expect("it was written whole"));
    let mut handled = OpenOptions::new().create(true).append(true).open(handled_in(&folder)).expect("it can be opened");
    let mut events = client.chats().chat(org::LOBBY).new_messages(saved);
    while let Some(event) = H::next(&mut events) {
        let event = event.expect("its key stays valid");
        let checkpoint = event.checkpoint().cloned();
        if let FeedEvent::Update { item, .. } = event {
            let text = item.text.expect("it has a text");
            handled
                .write_all(format!("{text}\n").as_bytes())
                .and_then(|()| handled.flush())
                .expect("it can be written");
            report(&format!("handled {text}"));
        }
        if let Some(checkpoint) = checkpoint {
            save(&folder, &checkpoint);
            report("saved");
        }
    }
}

fn save(folder: &Path, checkpoint: &Checkpoint) {
    let (json, beside) = (serde_json::to_vec(checkpoint).expect("it is JSON"), folder.join("checkpoint.new"));
    File::create(&beside).and_then(|mut file| file.write_all(&json)).expect("it can be written");
    fs::rename(&beside, checkpoint_in(folder)).expect("it can be renamed");
}

/// Reports a step, and waits for permission to continue. Ends the process if the test has ended.
fn report(what: &str) {
    let said = writeln!(io::stderr(), "{REPORT}{what}");
    if said.and_then(|()| io::stdin().read_exact(&mut [0])).is_err() {
        process::exit(1);
    }
}

const REPORT: &str = "the bot has ";

fn checkpoint_in(folder: &Path) -> PathBuf {
    folder.join("checkpoint")
}

fn handled_in(folder: &Path) -> PathBuf {
    folder.join("handled")
}

/// The moment at which a bot is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    AtOnce,
    /// After its first request has arrived.
    AtItsRequest,
    /// While its long poll is pending.
    InALongPoll,
    /// At a report, after this number of others.
    Behind(u64),
    /// Between a report and the next step.
    OnItsWay(u64),
    /// After it has handled all messages.
    AtTheEnd,
}

impl Moment {
    fn draw(random: &mut Rng) -> Self {
        match random.below(8) {
            0 => Self::AtOnce,
            1 => Self::AtItsRequest,
            2 => Self::InALongPoll,
            3 | 4 => Self::Behind(random.below(8)),
            _ => Self::OnItsWay(random.below(8)),
        }
    }
}

struct Test {
    sandbox: Sandbox,
    bot: &'static str,
    folder: PathBuf,
    random: Rng,
    posted: u64,
}

impl Test {
    fn new(bot: &'static str, seed: u64) -> Self {
        let folder = env::temp_dir().join(format!("teamwire-killed-{}-{bot}", process::id()));
        // An earlier process with the same id may have left a folder.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("there is room for a folder");
        let sandbox = Sandbox::start().expect("loopback has a free port");
        Self { sandbox, bot, folder, random: Rng::new(seed), posted: 0 }
    }

    /// Returns the name of the test that runs this bot.
    fn bot_test(&self) -> String {
        format!("killed_bot_handles_every_message::{}", self.bot.replace('-', "_"))
    }

    /// Posts messages of some members, once a bot has started its feed.
    fn post(&mut self, many: u64) {
        if checkpoint_in(&self.folder).exists() {
            let anna = self.sandbox.as_person(org::ANNA);
            for number in self.posted..self.posted + many {
                anna.post(org::LOBBY, &number.to_string()).expect("Anna is in the lobby");
            }
            self.posted += many;
        }
    }

    fn wait_until(&self, context: &str, condition: impl Fn(&Sandbox) -> bool) {
        assert!(self.sandbox.wait_until(MAX_WAIT, condition), "{context}: neither a report nor a poll");
    }

    /// Runs a bot until this moment, and kills it.
    fn live(&mut self, moment: Moment, context: &str) {
        let many = self.random.below(4);
        self.post(many);
        self.wait_until(context, |sandbox| sandbox.pending_polls() == 0);
        let polls = self.sandbox.received_count(POLLS);
        let mut bot = Bot::start(self);
        match moment {
            Moment::AtOnce => {}
            Moment::AtItsRequest => self.wait_until(context, |sandbox| sandbox.received_count(POLLS) > polls),
            Moment::InALongPoll => {
                while self.next_report(&mut bot, context) {
                    bot.resume();
                }
            }
            Moment::AtTheEnd => {
                while self.handled().last() != self.posted.checked_sub(1).as_ref() {
                    if self.next_report(&mut bot, context) {
                        bot.resume();
                    }
                }
            }
            Moment::Behind(others) | Moment::OnItsWay(others) => {
                for _ in 0..others {
                    self.keep_it_busy(&mut bot, context);
                    bot.resume();
                    let many = self.random.below(3);
                    self.post(many);
                }
                self.keep_it_busy(&mut bot, context);
                if matches!(moment, Moment::OnItsWay(_)) {
                    bot.resume();
                }
            }
        }
    }

    /// Waits for a report. Returns `false` if the bot waits for messages instead.
    fn next_report(&self, bot: &mut Bot, context: &str) -> bool {
        let begun = Instant::now();
        loop {
            // The bot reports nothing while its poll is pending.
            let waits = self.sandbox.pending_polls() > 0;
            if bot.has_reported(context) {
                return true;
            }
            if waits {
                return false;
            }
            assert!(begun.elapsed() < MAX_WAIT, "{context}: neither a report nor a poll");
        }
    }

    /// Waits for a report, and posts a message whenever the bot waits for one.
    fn keep_it_busy(&mut self, bot: &mut Bot, context: &str) {
        while !self.next_report(bot, context) {
            self.post(1);
            self.wait_until(context, |sandbox| sandbox.pending_polls() == 0);
        }
    }

    fn handled(&self) -> Vec<u64> {
        let text = fs::read_to_string(handled_in(&self.folder)).unwrap_or_default();
        text.lines().map(|line| line.parse().expect("it is a number")).collect()
    }

    /// Asserts that all messages are handled in order, and twice only if the bot was killed while handling it.
    fn check(&self) {
        let mut next = 0;
        for number in self.handled() {
            assert!(number == next || number + 1 == next, "{number} is handled instead of {next}");
            next = number + 1;
        }
        assert_eq!(next, self.posted, "all is handled");
        assert!(next > 0, "there was something to handle");
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        // The test does not fail if the folder cannot be removed.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A bot in another process. Dropping it kills it.
struct Bot {
    process: Child,
    word: ChildStdin,
    said: Receiver<String>,
}

impl Bot {
    fn start(test: &Test) -> Self {
        let mut process = test_process(&test.bot_test())
            .env(BOT, test.bot)
            .env(FOLDER, &test.folder)
            .env(URL_VAR, test.sandbox.url())
            .env(APP_ID_VAR, test.sandbox.app_id())
            .env(SECRET_VAR, test.sandbox.secret())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a further process can be started");
        let word = process.stdin.take().expect("it was asked for");
        let lines = BufReader::new(process.stderr.take().expect("it was asked for")).lines();
        let (say, said) = mpsc::channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| say.send(line)));
        Self { process, word, said }
    }

    /// Waits for the next report. Returns `false` if there is none yet.
    fn has_reported(&mut self, context: &str) -> bool {
        match self.said.recv_timeout(Duration::from_millis(1)) {
            Ok(line) if line.starts_with(REPORT) => true,
            Ok(line) => {
                let more = self.said.recv_timeout(MAX_WAIT);
                panic!("{context}: it says {line:?}, {more:?}")
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => panic!("{context}: the bot has ended"),
        }
    }

    fn resume(&mut self) {
        self.word.write_all(b".").and_then(|()| self.word.flush()).expect("it waits for the word");
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let killed = self.process.kill().and_then(|()| self.process.wait());
        assert!(killed.is_ok() || thread::panicking(), "{killed:?}");
    }
}
