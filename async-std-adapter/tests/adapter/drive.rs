//! Many feeds in one task.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use async_std::task;
use smol::{
    Async, LocalExecutor,
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use teamwire_async_std::{
    Client, FeedDriver, FeedEvent, FeedOptions, FeedSet, Message, Script,
    config::RetryPolicy,
    feed::{FeedEnd, FeedSetEvent, Poller},
    script::{Expect, Respond, sample},
    scripted,
};

use teamwire_test_support::{Server, config, response};

use crate::support::client;

type Feeds = FeedSet<usize, Poller<Message>>;

/// Returns the feed of the messages in the chat with this number.
fn feed(client: &Client, chat: usize) -> Poller<Message> {
    client.chats().chat(format!("c{chat}")).new_messages(FeedOptions::from_now()).into_feed()
}

fn feeds(client: &Client, chats: usize) -> Feeds {
    let mut set = FeedSet::new();
    for chat in 0..chats {
        assert!(set.insert(chat, feed(client, chat)).is_none());
    }
    set
}

/// Returns the batch of a chat at this cursor: a message after each of the first two; `None` from then on.
fn batch(path: &str) -> Option<String> {
    let chat = path.split('/').nth(3).expect("a chat");
    let message = |text: &str| sample::message(text, chat, text);
    let item = |cursor: &str| format!(r#"{{ "cursor": "{cursor}", "kind": "message", "data": {} }}"#, message(cursor));
    let (items, cursor) = match path.split_once("cursor=").map(|(_, query)| &query[..1]) {
        None => (String::new(), "0"),
        Some("0") => (item("1"), "1"),
        Some("1") => (item("2"), "2"),
        Some(_) => return None,
    };
    Some(response(200, &format!(r#"{{ "items": [{items}], "cursor": "{cursor}" }}"#)))
}

/// Starts a server that handles all connections in one thread.
fn chats_in_one_thread() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let connections = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&connections);
    thread::spawn(move || {
        let executor = LocalExecutor::new();
        smol::block_on(executor.run(async {
            let listener = Async::new(listener).expect("a socket");
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                count.fetch_add(1, Ordering::SeqCst);
                executor.spawn(converse(stream.into())).detach();
            }
        }));
    });
    (address, connections)
}

async fn converse(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.clone());
    let (mut first, mut line) = (String::new(), String::new());
    while lines.read_line(&mut first).await.is_ok_and(|bytes| bytes > 0) {
        while lines.read_line(&mut line).await.is_ok_and(|bytes| bytes > 2) {
            line.clear();
        }
        match batch(first.split(' ').nth(1).expect("a path")) {
            Some(response) => stream.write_all(response.as_bytes()).await.expect("the client reads"),
            // Waits until the client closes the connection.
            None => drop(lines.read_line(&mut line).await),
        }
        first.clear();
        line.clear();
    }
}

#[test]
fn thousand_feeds_are_driven_by_one_task() {
    const FEEDS: usize = 1_000;
    let (address, connections) = chats_in_one_thread();
    let client = teamwire_async_std::client(config(&format!("http://{address}"))).expect("the options are valid");
    let mut drive = client.executor().drive(feeds(&client, FEEDS));
    let stop_handle = drive.stop_handle();
    let mut seen: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let (ended, stopped) = task::block_on(async {
        let (mut ended, mut stopped) = (0, Instant::now());
        while let Some((chat, delivery)) = drive.next().await {
            match delivery {
                FeedSetEvent::Event(FeedEvent::Started(_)) => {
                    assert!(seen.insert(chat, Vec::new()).is_none(), "it begins once");
                }
                FeedSetEvent::Event(FeedEvent::Update { item, .. }) => {
                    assert_eq!(item.tid.to_string(), format!("c{chat}"), "of another chat");
                    seen.get_mut(&chat).expect("it has begun").push(item.mid.to_string());
                }
                FeedSetEvent::Ended(result) => {
                    assert_eq!(result.expect("no error"), FeedEnd::Stopped);
                    ended += 1;
                }
                other => panic!("{other:?}"),
            }
            if !stop_handle.is_stopped() && seen.len() == FEEDS && seen.values().all(|mids| mids.len() == 2) {
                // All feeds are waiting now, or are about to.
                stop_handle.stop();
                stopped = Instant::now();
            }
        }
        (ended, stopped.elapsed())
    });
    assert_eq!(ended, FEEDS);
    assert!(seen.values().all(|mids| mids == &["1", "2"]), "each of them, in order");
    assert!(stopped < Duration::from_secs(1), "{stopped:?}");
    assert!(connections.load(Ordering::SeqCst) <= FEEDS, "a connection for each is enough");
}

#[test]
fn feeds_come_and_go_one_by_one() {
    let (address, _) = chats_in_one_thread();
    let client = teamwire_async_std::client(config(&format!("http://{address}"))).expect("the options are valid");
    let mut drive = client.executor().drive(feeds(&client, 2));
    task::block_on(async {
        let mut ended = BTreeSet::new();
        let mut updates = 0;
        while let Some((chat, delivery)) = drive.next().await {
            match delivery {
                FeedSetEvent::Event(FeedEvent::Update { item, .. }) if item.mid.as_str() == "2" => {
                    updates += 1;
                    if chat == 0 {
                        drive.insert(2, feed(&client, 2));
                    }
                    drive.stop(&chat);
                }
                FeedSetEvent::Event(_) => assert!(!ended.contains(&chat), "after its end"),
                FeedSetEvent::Ended(result) => {
                    assert_eq!(result.expect("no error"), FeedEnd::Stopped);
                    assert!(ended.insert(chat), "it ends once");
                }
                _ => {}
            }
        }
        assert_eq!((updates, ended.len()), (3, 3));
    });
    assert!(task::block_on(drive.next()).is_none());
    drive.insert(7, feed(&client, 7));
    assert!(matches!(task::block_on(drive.next()), Some((7, FeedSetEvent::Event(_)))), "it continues with a new one");
}

#[test]
fn drive_that_is_stopped_or_dropped_closes_its_connections() {
    for drops in [false, true] {
        let (tell, polled) = mpsc::channel();
        let tell = Mutex::new(tell);
        let server = Server::each(move |_, mut peer| {
            peer.try_request();
            tell.lock().expect("no thread panicked").send(()).expect("the test waits");
            peer.wait_for_end();
        });
        let client = client(&server);
        let mut drive = client.executor().drive(feeds(&client, 3));
        let stop_handle = drive.stop_handle();
        let stopping = thread::spawn(move || {
            polled.iter().take(3).for_each(drop);
            stop_handle.stop();
        });
        if drops {
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            while !stopping.is_finished() {
                drop(futures_util::StreamExt::poll_next_unpin(&mut drive, &mut cx));
            }
            drop(drive);
        } else {
            let ended = task::block_on(drive.next());
            assert!(matches!(ended, Some((_, FeedSetEvent::Ended(Ok(FeedEnd::Stopped))))), "{ended:?}");
            // A feed that is added after the stop ends at once.
            drive.insert(3, feed(&client, 3));
            for _ in 0..3 {
                let ended = task::block_on(drive.next());
                assert!(matches!(ended, Some((_, FeedSetEvent::Ended(Ok(FeedEnd::Stopped))))), "{ended:?}");
            }
            assert!(task::block_on(drive.next()).is_none());
            assert_eq!(server.connections(), 3);
        }
        stopping.join().expect("it did not panic");
    }
}

#[test]
fn feed_in_failure_does_not_hold_the_others_up() {
    let attempts = AtomicUsize::new(0);
    let server = Server::each(move |_, mut peer| {
        while let Some(request) = peer.try_request() {
            let path = request.line().split(' ').nth(1).expect("a path");
            let fails = path.contains("/c0/") && attempts.fetch_add(1, Ordering::SeqCst) < 2;
            match batch(path) {
                _ if fails => drop(peer.send(response(503, "{}"))),
                Some(response) => drop(peer.send(response)),
                None => peer.wait_for_end(),
            }
        }
    });
    let policy = RetryPolicy { initial_backoff: Duration::ZERO, ..RetryPolicy::default() };
    let client = teamwire_async_std::client(config(&server.url()).with_retry(policy)).expect("the options are valid");
    let mut drive = client.executor().drive(feeds(&client, 2));
    let mut order = Vec::new();
    task::block_on(async {
        while let Some((chat, delivery)) = drive.next().await {
            match delivery {
                FeedSetEvent::Event(FeedEvent::Retrying(_)) => order.push((chat, "failure".to_owned())),
                FeedSetEvent::Event(FeedEvent::Update { item, .. }) => order.push((chat, item.mid.to_string())),
                _ => {}
            }
            if order.len() == 6 {
                drive.stop_handle().stop();
            }
        }
    });
    let of = |chat| order.iter().filter(move |it| it.0 == chat).map(|it| it.1.as_str()).collect::<Vec<_>>();
    assert_eq!((of(0), of(1)), (vec!["failure", "failure", "1", "2"], vec!["1", "2"]));
    let at = |what: (usize, &str)| order.iter().position(|it| (it.0, it.1.as_str()) == what);
    assert!(at((1, "2")) < at((0, "1")), "{order:?}");
}

#[test]
fn script_plays_many_feeds() {
    let empty = |cursor: &str| Respond::json(200, sample::json(&format!(r#"{{ "items": [], "cursor": "{cursor}" }}"#)));
    let script = Script::new()
        .then(Expect::get("/v1/chats/c0/messages/updates"), empty("0"))
        .then(Expect::get("/v1/chats/c1/messages/updates"), Respond::problem(404, "not_found"))
        .then(Expect::get("/v1/chats/c0/messages/updates"), Respond::problem(503, "server").retry_after(3_600));
    let client = scripted(&script);
    let mut drive: FeedDriver<_, _> = client.executor().drive(feeds(&client, 2));
    let mut delivered = Vec::new();
    task::block_on(async {
        while let Some((chat, delivery)) = drive.next().await {
            delivered.push((
                chat,
                match delivery {
                    FeedSetEvent::Event(FeedEvent::Started(_)) => "started",
                    FeedSetEvent::Event(FeedEvent::Retrying(_)) => "failure",
                    FeedSetEvent::Ended(Err(_)) => "error",
                    other => panic!("{other:?}"),
                },
            ));
        }
    });
    delivered.sort_by_key(|(chat, _)| *chat);
    assert_eq!(delivered, [(0, "started"), (0, "failure"), (1, "error")], "it ends where the script does");
    script.assert_done();
}

#[test]
fn drive_can_be_kept_anywhere() {
    const fn is_a_value<T: Send + Unpin + std::fmt::Debug + 'static>() {}
    is_a_value::<FeedDriver<usize, Poller<Message>>>();
    is_a_value::<Vec<FeedDriver<String, Poller<Message>>>>();
}
