//! A bot whose rows and checkpoints are committed together, and that is killed around the commit.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use teamwire_blocking::fleet::{ClaimStore, Member};
use teamwire_sandbox::{Sandbox, org};

use crate::server::{SOON, Server};

/// Creates the tables of the store with a call to it, and that of the bot.
pub(crate) fn create_tables(server: &Server) {
    let member = Member { fleet: "other".into(), id: "a".into(), lease: Duration::from_secs(60) };
    server.store().leave(&member).expect("the server accepts connections");
    let table = "CREATE TABLE tickets (id serial PRIMARY KEY, text text NOT NULL)";
    server.client().batch_execute(table).expect("the database is empty");
}

/// The process of a bot. It is killed when this is dropped.
struct Bot(Child);

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

struct World {
    server: Server,
    sandbox: Sandbox,
}

impl World {
    fn start_bot(&self) -> Bot {
        let process = Command::new(env!("CARGO_BIN_EXE_tickets"))
            .env("DATABASE", self.server.config())
            .env("TEAMWIRE_URL", self.sandbox.url())
            .env("TEAMWIRE_APP_ID", self.sandbox.app_id())
            .env("TEAMWIRE_SECRET", self.sandbox.secret())
            .stderr(Stdio::inherit())
            .spawn();
        Bot(process.expect("it is built"))
    }

    fn say(&self, text: &str) {
        self.sandbox.as_person(org::ANNA).post(org::LOBBY, text).expect("Anna is in the chat");
    }

    /// Returns the texts of the tickets.
    fn tickets(&self) -> Vec<String> {
        let rows = self.server.client().query("SELECT text FROM tickets ORDER BY id", &[]).expect("the table exists");
        rows.into_iter().map(|row| row.get(0)).collect()
    }

    /// Waits until the last ticket has this text.
    fn wait_for(&self, Bot(process): &mut Bot, text: &str) {
        let begun = Instant::now();
        while self.tickets().last().is_none_or(|last| last != text) {
            assert!(begun.elapsed() < SOON, "{:?}", self.tickets());
            assert!(process.try_wait().expect("it is ours").is_none(), "the bot has ended: {:?}", self.tickets());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn bot_that_is_killed_around_its_commit_handles_each_message_exactly_once() {
    let Some(server) = Server::start() else { return };
    create_tables(&server);
    let world = World { server, sandbox: Sandbox::start().expect("loopback has a free port") };
    let mut bot = world.start_bot();
    // Those that are posted before the feed begins are not delivered.
    let begun = Instant::now();
    while world.tickets().is_empty() {
        assert!(begun.elapsed() < SOON, "the bot begins");
        world.say("start");
        std::thread::sleep(Duration::from_millis(50));
    }
    world.say("started");
    world.wait_for(&mut bot, "started");
    let before = world.tickets().len();
    let mut expected = Vec::new();
    for round in 0..6 {
        let place = ["before the commit", "after the commit"][round % 2];
        for text in [format!("{round} a"), format!("{round} b, {place}"), format!("{round} c")] {
            world.say(&text);
            expected.push(text);
        }
        let status = bot.0.wait().expect("it is ours");
        assert!(!status.success(), "it has died {place}");
        bot = world.start_bot();
        world.wait_for(&mut bot, expected.last().expect("there is one"));
        assert_eq!(world.tickets()[before..], expected);
    }
}
