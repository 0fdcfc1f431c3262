//! The loop of a bot over sockets, with every runtime.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use teamwire_blocking::{Error, Outbox, OutboxEvent, OutboxMessages, StopHandle};
use teamwire_sandbox::{Fault, Rule, Sandbox, org};
use teamwire_test_support::Folder;

use super::{add_alert, open, report, sockets::sandbox};

/// A loop that hangs fails the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// Follows an outbox until the handle is stopped.
type Follow = fn(&Sandbox, &Outbox<u32>, &StopHandle, &mut Handler<'_>) -> Result<(), Error>;
type Handler<'a> = dyn FnMut(&mut OutboxMessages<u32>, OutboxEvent<'_>) + Send + 'a;

const RUNTIMES: [(&str, Follow); 3] = [
    ("blocking", |sandbox, outbox, stop, handler| {
        let client = teamwire_blocking::client(config(sandbox))?.stopped_by(stop);
        outbox.follow(&client, handler)
    }),
    ("async-std", |sandbox, outbox, stop, handler| {
        let client = teamwire_async_std::client(config(sandbox))?.stopped_by(stop);
        async_std::task::block_on(outbox.follow(&client, handler))
    }),
    ("smol", |sandbox, outbox, stop, handler| {
        let client = teamwire_async_std::smol::client(config(sandbox))?.stopped_by(stop);
        smol::block_on(outbox.follow(&client, handler))
    }),
];

fn config(sandbox: &Sandbox) -> teamwire_blocking::Config {
    teamwire_blocking::Config::from_vars(|name| sandbox.var(name)).expect("the variables are valid")
}

/// Calls `act` while the outbox is followed, with the keys and ids of the messages as they are posted.
fn following(follow: Follow, sandbox: &Sandbox, outbox: &Outbox<u32>, act: impl FnOnce(&Receiver<(String, String)>)) {
    let (stop, (posted, posts)) = (StopHandle::new(), mpsc::channel());
    let mut handler = move |messages: &mut OutboxMessages<u32>, event: OutboxEvent<'_>| {
        if let OutboxEvent::Posted { key, message } = &event {
            // The test may have seen enough.
            let _ = posted.send(((*key).to_owned(), message.mid.to_string()));
        }
        report(messages, event);
    };
    thread::scope(|scope| {
        let bot = scope.spawn(|| follow(sandbox, outbox, &stop, &mut handler));
        let acted = catch_unwind(AssertUnwindSafe(|| act(&posts)));
        // Also after a failure, or the test would wait for ever.
        stop.stop();
        acted.unwrap_or_else(|panic| resume_unwind(panic));
        bot.join().expect("no panic").expect("a stop is no error");
    });
}

fn next(posts: &Receiver<(String, String)>) -> (String, String) {
    posts.recv_timeout(PATIENCE).expect("the loop posts it")
}

#[test]
fn change_and_reaction_end_the_wait_of_the_loop() {
    for (name, follow) in RUNTIMES {
        let ((sandbox, _), folder) = (sandbox(), Folder::new());
        let react = |uid: &str, mid: &str, reaction: &str| {
            sandbox.as_person(uid).react(org::LOBBY, mid, reaction).expect("the chat is open");
        };
        let (outbox, mut mids) = (open(&folder), Vec::new());
        following(follow, &sandbox, &outbox, |posts| {
            let mut posted = |expected: &str| {
                let (key, mid) = next(posts);
                assert_eq!(key, expected, "{name}");
                mids.push(mid.clone());
                mid
            };
            // It waits in a long poll.
            add_alert(&outbox, "a", org::LOBBY);
            react(org::ANNA, &posted("a"), "ok");
            posted("a/1");
            sandbox.faults().add(Rule::new(Fault::status(503)).times(2));
            add_alert(&outbox, "b", org::LOBBY);
            posted("b");
        });
        // While no process runs.
        react(org::BEN, &mids[0], "sos");
        react(org::ANNA, &mids[2], "ok");
        let outbox = open(&folder);
        following(follow, &sandbox, &outbox, |posts| {
            let mut reported = [next(posts), next(posts)].map(|(key, _)| key);
            reported.sort();
            assert_eq!(reported, ["a/2", "b/1"], "{name}");
        });
        let texts: Vec<_> = sandbox.texts(org::LOBBY).into_iter().flatten().collect();
        assert_eq!(texts.len(), 5, "{name}: {texts:?}");
    }
}
