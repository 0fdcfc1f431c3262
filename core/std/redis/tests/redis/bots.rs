//! Two bots that follow the messages of a sandbox by claim.

use std::{
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use teamwire_blocking::{
    Client, Error, ErrorKind, FeedEvent, StopHandle,
    config::{Config, Credentials},
    fleet::Fleet,
};
use teamwire_sandbox::{Sandbox, org};

use crate::server::{SOON, Server};

/// A lease that expires if a process of a busy machine does not, so that events may be repeated.
const LEASE: Duration = Duration::from_secs(3);

/// A bot, which logs its name with each message.
struct Bot {
    stop: StopHandle,
    thread: JoinHandle<Result<(), Error>>,
}

/// A sandbox, a server, and the log of the bots.
struct World {
    sandbox: Sandbox,
    redis: Server,
    log: Sender<(&'static str, String)>,
    handled: Receiver<(&'static str, String)>,
}

impl World {
    fn new(arguments: &[&str]) -> Option<Self> {
        let redis = Server::start(arguments)?;
        let (log, handled) = mpsc::channel();
        Some(Self { sandbox: Sandbox::start().expect("loopback has a free port"), redis, log, handled })
    }

    fn start(&self, name: &'static str, begins: bool) -> Bot {
        let stop = StopHandle::new();
        let credentials = Credentials::new(self.sandbox.app_id(), self.sandbox.secret()).expect("they are valid");
        let config = Config::new(&self.sandbox.url(), credentials).expect("the sandbox is on loopback");
        let client: Client = teamwire_blocking::client(config).expect("the settings are valid").stopped_by(&stop);
        let (store, log) = (self.redis.store(), self.log.clone());
        let serve = move || {
            let fleet = Fleet::builder("bots").lease(LEASE).join(store)?;
            let events = client.chats().new_messages(None);
            let followed = if begins { fleet.follow_or_begin(events) } else { fleet.follow(events) };
            followed.for_each(|event| {
                if let FeedEvent::Update { item, .. } = &*event {
                    // The test may have ended.
                    log.send((name, item.text.clone().unwrap_or_default())).ok();
                }
                Ok::<(), Error>(())
            })
        };
        Bot { stop, thread: thread::spawn(serve) }
    }

    fn say(&self, text: &str) {
        self.sandbox.as_person(org::ANNA).post(org::LOBBY, text).expect("Anna is in the chat");
    }

    /// Posts until a bot has begun to follow.
    fn wait_for_start(&self) {
        for _ in 0..SOON.as_millis() / 50 {
            self.say("start");
            if self.handled.recv_timeout(Duration::from_millis(50)).is_ok() {
                return;
            }
        }
        panic!("no bot starts");
    }

    /// Posts a message, and waits until it is handled. Returns the bot.
    #[track_caller]
    fn handled(&self, text: &str) -> &'static str {
        self.say(text);
        self.wait_for(text)
    }

    /// Waits until a message is handled. Those before it may be repeats.
    #[track_caller]
    fn wait_for(&self, text: &str) -> &'static str {
        loop {
            let (name, handled) = self.handled.recv_timeout(SOON).expect("the message is handled");
            if handled == text {
                return name;
            }
        }
    }
}

impl Bot {
    fn join(self) -> Result<(), Error> {
        self.thread.join().expect("the bot does not panic")
    }

    fn stop(self) {
        self.stop.stop();
        self.join().expect("it has followed the feed");
    }
}

#[test]
fn bots_survive_outages_and_replace_each_other() {
    let Some(mut world) = World::new(&["--appendonly", "yes", "--appendfsync", "always"]) else { return };
    let first = world.start("a", true);
    world.wait_for_start();
    assert_eq!(world.handled("1"), "a");
    let second = world.start("b", false);
    world.redis.cut_connections();
    world.handled("connections are cut");
    world.redis.kill();
    world.redis.launch();
    world.handled("the server has restarted");
    first.stop();
    assert_eq!(world.handled("one has stopped"), "b");
    world.redis.signal("STOP");
    thread::sleep(LEASE);
    world.redis.signal("CONT");
    assert_eq!(world.handled("the server was paused"), "b");
    second.stop();
    world.say("while no bot runs");
    let third = world.start("c", false);
    assert_eq!(world.wait_for("while no bot runs"), "c");
    third.stop();
}

#[test]
fn bot_is_replaced_after_its_lease() {
    let Some(world) = World::new(&[]) else { return };
    let first = world.start("a", true);
    world.wait_for_start();
    // As another member that has died: it never renews its lease again.
    first.stop();
    let mut store = world.redis.store();
    let member = teamwire_core::claim::Member { fleet: "bots".into(), id: "dead".into(), lease: LEASE };
    teamwire_std::claims::ClaimStore::renew(&mut store, &member).expect("it joins");
    let wanted = teamwire_core::claim::ClaimRequest { feed: "all_messages".into(), id: "dead.1".into() };
    let claimed = teamwire_std::claims::ClaimStore::claim(&mut store, &member, &[wanted], 1).expect("it is free");
    assert_eq!(claimed[0].claim().id, "dead.1");
    let second = world.start("b", false);
    assert_eq!(world.handled("1"), "b");
    second.stop();
}

#[test]
fn server_that_has_lost_its_data_ends_bots() {
    let Some(world) = World::new(&[]) else { return };
    let store_error = |result: Result<(), Error>| {
        let error = result.expect_err("there is no checkpoint");
        assert_eq!(error.kind(), ErrorKind::Store, "{error}");
        assert!(error.to_string().contains("all_messages"), "{error}");
    };
    store_error(world.start("new", false).join());
    let first = world.start("a", true);
    world.wait_for_start();
    assert_eq!(world.handled("1"), "a");
    world.redis.command::<()>(&["FLUSHALL"]);
    store_error(first.join());
    let second = world.start("b", true);
    world.wait_for_start();
    assert_eq!(world.handled("2"), "b");
    second.stop();
}
