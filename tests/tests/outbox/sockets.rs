//! Threads and tasks that share an outbox, over sockets.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    thread,
};

use serde::{Deserialize, Serialize, Serializer};
use smol::{channel, future};
use teamwire_blocking::{Config, ErrorKind, Outbox};
use teamwire_protocols::Second;
use teamwire_sandbox::{Sandbox, org};
use teamwire_test_support::Folder;

use super::open;

/// Held by a test, it delays the writes of an outbox with this data.
static DISK: Mutex<()> = Mutex::new(());

#[derive(Clone, Deserialize)]
struct Delayed;

impl Serialize for Delayed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let _disk = DISK.lock().unwrap_or_else(PoisonError::into_inner);
        serializer.serialize_unit_struct("Delayed")
    }
}

const THREADS: usize = 4;
const MESSAGES: usize = 5;

pub(super) fn sandbox() -> (Sandbox, Config) {
    let sandbox = Sandbox::start().expect("loopback has a free port");
    let config = Config::from_vars(|name| sandbox.var(name)).expect("the variables are valid");
    (sandbox, config)
}

/// Each message was posted once, and each thread has left nothing to be posted.
fn assert_posted(sandbox: &Sandbox, outbox: &Outbox<u32>, folder: &Folder) {
    let texts: Vec<_> = sandbox.texts(org::LOBBY).into_iter().flatten().collect();
    assert_eq!(texts.len(), THREADS * MESSAGES, "{texts:?}");
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len(), "{texts:?}");
    for messages in [outbox.messages(), open(folder).messages()] {
        assert!(messages.iter().all(|entry| entry.mid.is_some()) && messages.iter().count() == texts.len());
    }
}

#[test]
fn threads_share_an_outbox() {
    let ((sandbox, config), folder) = (sandbox(), Folder::new());
    let (client, outbox) = (teamwire_blocking::client(config).expect("it is valid"), open(&folder));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (client, outbox) = (&client, &outbox);
            scope.spawn(move || {
                for number in 0..MESSAGES {
                    let key = format!("{thread}-{number}");
                    outbox.change(|messages| messages.add(&key, org::LOBBY, key.as_str())).expect("saved");
                    outbox.deliver(client, |_, _, outcome| assert!(outcome.is_ok())).expect("the server works");
                }
            });
        }
    });
    assert_posted(&sandbox, &outbox, &folder);
}

#[test]
fn tasks_share_an_outbox() {
    let ((sandbox, config), folder) = (sandbox(), Folder::new());
    let (client, outbox) = (teamwire_async_std::client(config).expect("it is valid"), open(&folder));
    let tasks: Vec<_> = (0..THREADS)
        .map(|task| {
            let (client, outbox) = (client.clone(), outbox.clone());
            async_std::task::spawn(async move {
                for number in 0..MESSAGES {
                    let key = format!("{task}-{number}");
                    let added = outbox.change_on(&client, |messages| messages.add(&key, org::LOBBY, key.as_str()));
                    assert!(added.await.expect("saved"));
                    let delivery = outbox.deliver(&client, |_, _, outcome| assert!(outcome.is_ok()));
                    delivery.await.expect("the server works");
                }
            })
        })
        .collect();
    async_std::task::block_on(async {
        for task in tasks {
            task.await;
        }
    });
    assert_posted(&sandbox, &outbox, &folder);
}

#[test]
fn protocol_without_keys_rejects_no_message() {
    let ((sandbox, config), folder) = (sandbox(), Folder::new());
    let outbox = open(&folder);
    let second = config.clone().with_protocol(Second::default());
    let blocking = |config: &Config| teamwire_blocking::client(config.clone()).expect("it is valid");
    let asynchronous = |config: &Config| teamwire_async_std::client(config.clone()).expect("it is valid");
    for number in 1..3 {
        let key = number.to_string();
        assert!(outbox.change(|messages| messages.add(&key, org::LOBBY, key.as_str())).expect("saved"));
        assert!(outbox.change(|messages| messages.add_reply(format!("{key}-reply"), &key, "again")).expect("saved"));
        let errors = [
            outbox.deliver(&blocking(&second), |_, key, _| panic!("{key}")).expect_err("there are no keys"),
            smol::block_on(outbox.deliver(&asynchronous(&second), |_, key, _| panic!("{key}"))).expect_err("no keys"),
        ];
        assert_eq!(errors.map(|error| error.kind()), [ErrorKind::Unsupported; 2]);
        assert_eq!((outbox.messages().waiting(), open(&folder).messages().waiting()), (2, 2));
        // Nothing is lost: a protocol with keys posts them.
        let delivery = match number {
            1 => outbox.deliver(&blocking(&config), |_, _, outcome| assert!(outcome.is_ok())),
            _ => smol::block_on(outbox.deliver(&asynchronous(&config), |_, _, outcome| assert!(outcome.is_ok()))),
        };
        assert_eq!(delivery.expect("the server works").posted, 2);
    }
    assert_eq!(sandbox.texts(org::LOBBY).len(), 4);
}

#[test]
fn outcome_is_settled_once_if_the_delivery_is_dropped_during_the_write() {
    let ((sandbox, config), folder) = (sandbox(), Folder::new());
    let client = teamwire_async_std::client(config).expect("it is valid");
    let outbox = Outbox::open(folder.path("outbox")).expect("it is empty");
    outbox.change(|messages| messages.add_with("a", org::LOBBY, "hello", Delayed)).expect("saved");
    let (settled, calls) = channel::unbounded();
    let settle = |key: &str| {
        assert_eq!(key, "a");
        settled.try_send(()).expect("the test receives it");
    };
    let disk = DISK.lock().expect("no write has panicked");
    let dropped = async {
        outbox.deliver(&client, |_, key, _| settle(key)).await.expect("it is dropped before");
        panic!("the write is delayed");
    };
    smol::block_on(future::or(dropped, async { calls.recv().await.expect("the sender is here") }));

    let mut next = outbox.deliver(&client, |_, key, _| settle(key));
    assert!(smol::block_on(future::poll_once(&mut next)).is_none(), "it posts the message again");
    drop(disk);
    assert_eq!(smol::block_on(next).expect("the server works").posted, 0);
    assert!(calls.is_empty(), "it was settled before");
    assert_eq!(outbox.messages().waiting(), 0);
    assert_eq!(sandbox.texts(org::LOBBY).len(), 1);
}
