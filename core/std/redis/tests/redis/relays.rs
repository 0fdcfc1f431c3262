//! The example `fleet`: relays and workers as processes, which are killed.

use std::{
    env,
    process::{Child, Command, Stdio},
    time::Duration,
};

use teamwire_sandbox::{Sandbox, org};

use crate::server::{SOON, Server};

#[path = "../../examples/fleet/main.rs"]
#[allow(dead_code, reason = "a test is the main function")]
mod fleet;

/// The variable with the role of a process.
const ROLE: &str = "TEAMWIRE_TEST_ROLE";
const ROLES: [&str; 5] = ["relay", "relay", "worker", "worker", "worker"];
const CHATS: usize = 6;
const MESSAGES: usize = 5;

/// The process of a replica, which is started with this test only.
#[test]
fn replica_process() {
    if let Ok(role) = env::var(ROLE) {
        fleet::serve(&role).expect("the replica runs until it is killed");
    }
}

/// A replica. It is killed when this is dropped.
struct Replica(Child);

impl Replica {
    fn start(role: &str, sandbox: &Sandbox, redis: &Server) -> Self {
        let process = Command::new(env::current_exe().expect("it is this test"))
            .args(["relays::replica_process", "--exact"])
            .env(ROLE, role)
            .env("TEAMWIRE_URL", sandbox.url())
            .env("TEAMWIRE_APP_ID", sandbox.app_id())
            .env("TEAMWIRE_SECRET", sandbox.secret())
            .env("TEAMWIRE_REDIS_URL", redis.url())
            .stdout(Stdio::null())
            .spawn();
        Self(process.expect("it can be executed"))
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Returns the replies in a chat.
fn replies(sandbox: &Sandbox, tid: &str) -> Vec<String> {
    let texts = sandbox.texts(tid).into_iter().flatten();
    texts.filter_map(|text| text.strip_prefix("pong ").map(str::to_owned)).collect()
}

#[test]
fn relays_and_workers_that_are_killed_lose_and_repeat_nothing() {
    let Some(redis) = Server::start(&[]) else { return };
    let sandbox = Sandbox::start().expect("loopback has a free port");
    let anna = sandbox.as_person(org::ANNA);
    let chats: Vec<_> = (0..CHATS)
        .map(|number| anna.create_chat(&format!("chat {number}"), &[org::BOT]).expect("Anna may create chats"))
        .collect();
    let mut replicas: Vec<_> = ROLES.iter().map(|role| Replica::start(role, &sandbox, &redis)).collect();
    // Those that are posted before the feed begins are not delivered.
    let has_begun = (0..SOON.as_millis() / 100).any(|_| {
        anna.post(org::LOBBY, "ping start").expect("Anna is in the chat");
        sandbox.wait_until(Duration::from_millis(100), |sandbox| !replies(sandbox, org::LOBBY).is_empty())
    });
    assert!(has_begun, "a relay and a worker run");
    let mut expected = Vec::new();
    for (index, role) in ROLES.iter().enumerate() {
        for number in 0..MESSAGES {
            for tid in &chats {
                anna.post(tid, &format!("ping {index}.{number}")).expect("Anna is in the chat");
            }
            expected.push(format!("{index}.{number}"));
            if number == MESSAGES / 2 {
                replicas[index] = Replica::start(role, &sandbox, &redis);
            }
        }
        let are_handled = |sandbox: &Sandbox| chats.iter().all(|tid| replies(sandbox, tid).len() >= expected.len());
        assert!(sandbox.wait_until(SOON, are_handled), "all are handled after a {role} was killed");
    }
    for tid in &chats {
        assert_eq!(replies(&sandbox, tid), expected, "once, and in order");
    }
    for replica in &mut replicas {
        assert!(replica.0.try_wait().expect("it is ours").is_none(), "no replica has failed");
    }
}
