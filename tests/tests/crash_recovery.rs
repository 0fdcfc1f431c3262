//! A bot that follows a chat over real sockets, and is killed again and again, at moments that a seed chooses: it
//! handles every message all the same, in order, and at most the one that it was killed over twice.
//!
//! The bot is this program once more, in a process of its own. It reports each step, and waits for permission to
//! continue; so it can be killed between any two of them, or on its way to the next one.
//!
//! `TEAMWIRE_KILLS=1000` kills it that often; `TEAMWIRE_SEED=7` at other moments.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{self, Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    Checkpoint, Config, FeedEvent,
    config::{APP_ID_VAR, SECRET_VAR, URL_VAR},
};
use teamwire_sandbox::{Sandbox, org};
use teamwire_test_support::Rng;
use teamwire_tests::{executor_test, harness::Harness};

const BOT: &str = "TEAMWIRE_KILLED_BOT";
const FOLDER: &str = "TEAMWIRE_KILLED_FOLDER";
const POLLS: &str = "GET /v1/chats/{tid}/messages/updates";
/// How long anything may take that takes a moment.
const PATIENCE: Duration = Duration::from_secs(30);

/// In the process of a bot, this test is the bot.
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

/// Reports a step, and waits for permission to continue. Ends the process if the test is gone.
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

/// When a bot is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    AtOnce,
    /// Once its first request has arrived.
    AtItsRequest,
    /// Once it waits for more.
    InALongPoll,
    /// Right behind something that it reports, after so many others.
    Behind(u64),
    /// On its way from there to the next thing.
    OnItsWay(u64),
    /// Once it has handled everything there is.
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
        // One may be left of a process that had this one's number.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("there is room for a folder");
        let sandbox = Sandbox::start().expect("loopback has a free port");
        Self { sandbox, bot, folder, random: Rng::new(seed), posted: 0 }
    }

    /// The name of this test for this bot.
    fn bot_test(&self) -> String {
        format!("killed_bot_handles_every_message::{}", self.bot.replace('-', "_"))
    }

    /// Some people post, as soon as there is a bot that has begun.
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
        assert!(self.sandbox.wait_until(PATIENCE, condition), "{context}: it does not come to that");
    }

    /// One life of the bot, up to this moment.
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
                    bot.goes_on();
                }
            }
            Moment::AtTheEnd => {
                while self.handled().last() != self.posted.checked_sub(1).as_ref() {
                    if self.next_report(&mut bot, context) {
                        bot.goes_on();
                    }
                }
            }
            Moment::Behind(others) | Moment::OnItsWay(others) => {
                for _ in 0..others {
                    self.keep_it_busy(&mut bot, context);
                    bot.goes_on();
                    let many = self.random.below(3);
                    self.post(many);
                }
                self.keep_it_busy(&mut bot, context);
                if matches!(moment, Moment::OnItsWay(_)) {
                    bot.goes_on();
                }
            }
        }
    }

    /// Waits until it reports something; `false`: it waits itself.
    fn next_report(&self, bot: &mut Bot, context: &str) -> bool {
        let begun = Instant::now();
        loop {
            // It has nothing to report before the response to its poll.
            let waits = self.sandbox.pending_polls() > 0;
            if bot.has_reported(context) {
                return true;
            }
            if waits {
                return false;
            }
            assert!(begun.elapsed() < PATIENCE, "{context}: it does not come to that");
        }
    }

    /// Waits until it reports something, and sees to it that there is something to report.
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

    /// Every message is handled, in order, and again only by a bot whose predecessor was killed over it.
    fn check(&self) {
        let mut next = 0;
        for number in self.handled() {
            assert!(number == next || number + 1 == next, "{number} is handled where {next} was next");
            next = number + 1;
        }
        assert_eq!(next, self.posted, "all is handled");
        assert!(next > 0, "there was something to handle");
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        // A folder that cannot be removed is no failure of the test.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A bot in a process of its own. It is killed when it is dropped.
struct Bot {
    process: Child,
    word: ChildStdin,
    said: Receiver<String>,
}

impl Bot {
    fn start(test: &Test) -> Self {
        let mut process = Command::new(env::current_exe().expect("this program has a name"))
            .args(["--exact", &test.bot_test(), "--nocapture"])
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

    /// Whether it reports something.
    fn has_reported(&mut self, context: &str) -> bool {
        match self.said.recv_timeout(Duration::from_millis(1)) {
            Ok(line) if line.starts_with(REPORT) => true,
            Ok(line) => {
                let more = self.said.recv_timeout(PATIENCE);
                panic!("{context}: it says {line:?}, {more:?}")
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => panic!("{context}: it ended by itself"),
        }
    }

    fn goes_on(&mut self) {
        self.word.write_all(b".").and_then(|()| self.word.flush()).expect("it waits for the word");
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let killed = self.process.kill().and_then(|()| self.process.wait());
        assert!(killed.is_ok() || thread::panicking(), "{killed:?}");
    }
}
