//! A future that is dropped at any point affects no other.

use std::{
    fs,
    future::Future,
    io::{Read, Write},
    pin::{Pin, pin},
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use async_std::task;
use teamwire_async_std::{
    Client, Draft,
    config::Limits,
    effect::Part,
    model::{Asset, NewAttachment, Upload},
    script::sample,
};

use teamwire_test_support::{Authority, Folder, Peer, Server, attempt, config, pattern, response};

use crate::support::{Fits, Probe, ask, client, me};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future this often, whenever it is woken, and drops it. Returns its output, if it ended.
fn poll_times<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let waker = Arc::new(Unpark(thread::current())).into();
    for _ in 0..times {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(value);
        }
        thread::park_timeout(Duration::from_secs(20));
    }
    None
}

/// Polls a future until this signal, and drops it.
fn drop_after<T>(future: impl Future<Output = T>, signal: &mpsc::Receiver<()>) {
    let mut future = pin!(future);
    while signal.try_recv().is_err() {
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

/// Echoes each message, so that the response to another request is detected.
fn echo<S: Read + Write>(mut peer: Peer<S>) {
    while let Some(request) = peer.try_request() {
        assert!(request.line().starts_with("POST /v1/chats/c1/messages "), "half a request before it: {request:?}");
        let text = request.text().split('"').nth(3).expect("a text");
        peer.send(response(201, &sample::message("m", "c1", text).to_string()));
    }
}

/// Drops a future after no poll, after one, after two, and so on until one completes. Each time, the next request of
/// the same client succeeds, on a new connection or on an intact one. Returns the number of polls to completion.
fn stop_everywhere(client_for: impl Fn() -> Client<Probe>) -> usize {
    for polls in 0.. {
        let client = client_for();
        let chat = client.chats().chat("c1");
        let done = poll_times(chat.post(format!("dropped-{polls}")), polls);
        let next = format!("next-{polls}");
        let posted = task::block_on(chat.post(next.clone())).expect("a response after a future was dropped");
        assert_eq!(posted.text, Some(next), "it has the response to a dropped request");
        if let Some(done) = done {
            assert_eq!(done.expect("a response").text, Some(format!("dropped-{polls}")));
            return polls;
        }
    }
    unreachable!("it ends when a future is done")
}

/// Uses a new client each time, so that connecting is interrupted too, and then a client that has a connection.
fn stop_everywhere_cold_and_warm(client: impl Fn() -> Client<Probe>) {
    let cold = stop_everywhere(&client);
    let warm = client();
    let warm = stop_everywhere(|| warm.clone());
    assert!(10 < cold && 10 < warm, "there were only {cold} points to stop at, and {warm} with a connection");
}

#[test]
fn future_can_be_dropped_at_every_point() {
    let server = Server::each(|_, peer| echo(peer));
    let probe = Probe { fits: Fits::Bytes(24), ..Probe::default() };
    stop_everywhere_cold_and_warm(|| probe.client(config(&server.url())));
}

#[test]
fn future_over_tls_can_be_dropped_at_every_point() {
    let authority = Authority::new("a private CA");
    let settings = authority.server("localhost");
    let server = Server::each(move |_, peer| echo(peer.secure(&settings)));
    let probe = Probe { fits: Fits::Bytes(48), addresses: vec![server.address], ..Probe::default() };
    let options = config(&server.https("localhost")).with_root_certificates_pem(authority.pem());
    stop_everywhere_cold_and_warm(|| probe.client(options.clone()));
}

#[test]
fn dropping_requests_at_once_leaves_the_others_alone() {
    let server = Server::each(|_, peer| echo(peer));
    let probe = Probe { fits: Fits::Bytes(64), ..Probe::default() };
    let client = probe.client(config(&server.url()));
    let tasks = (0..4).map(|lane| {
        let client = client.clone();
        thread::spawn(move || {
            for polls in 0..40 {
                let text = format!("{lane}/{polls}");
                let chat = client.chats().chat("c1");
                drop(poll_times(chat.post(format!("dropped-{text}")), polls));
                let posted = task::block_on(chat.post(text.clone())).expect("a response");
                assert_eq!(posted.text, Some(text));
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.join().expect("no thread failed");
    }
}

/// Polls a future once. It has to be pending.
fn poll_once(future: Pin<&mut impl Future>) {
    assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[test]
fn request_dropped_in_the_queue_for_a_connection_leaves_it() {
    for dropped_first in [true, false] {
        let (arrived, has_arrived) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.request();
            arrived.send(()).expect("the test waits");
            released.recv().expect("the test sends it");
            peer.send(me());
            while peer.try_request().is_some() {
                peer.send(me());
            }
        });
        let limits = Limits { max_connections: 1, ..Limits::default() };
        let client = teamwire_async_std::client(config(&server.url()).with_limits(limits)).expect("it is valid");
        let contacts = client.contacts();
        let mut first = Box::pin(contacts.me());
        while has_arrived.try_recv().is_err() {
            poll_once(first.as_mut());
        }
        let (mut second, mut third) = (Box::pin(contacts.me()), Box::pin(contacts.me()));
        poll_once(second.as_mut());
        poll_once(third.as_mut());
        if dropped_first {
            drop(second);
            release.send(()).expect("the server waits");
            task::block_on(first).expect("a response");
        } else {
            release.send(()).expect("the server waits");
            task::block_on(first).expect("a response");
            // It has the turn, and is not polled again.
            drop(second);
        }
        task::block_on(third).expect("a response");
    }
}

/// More than the buffers of both sockets hold: some systems let one grow to 32 MiB.
const LARGE: usize = 48_000_000;

/// Returns the path of a file of that length, which takes no space on the disk.
fn large_file(folder: &Folder) -> String {
    let path = folder.file("file", Vec::new());
    let file = fs::File::options().write(true).open(&path).expect("the file exists");
    file.set_len(LARGE as u64).expect("the file can grow");
    path
}

/// A server that reads this number of bytes of the first body, and the rest once the test drops the sender: it must not
/// arrive whole. Other requests have a response. The receiver gets a signal when the bytes have been read.
fn reads_part_of_a_body(length: usize) -> (Server, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (read, is_read) = mpsc::channel();
    let (drops, is_dropped) = mpsc::channel::<()>();
    let is_dropped = Mutex::new(is_dropped);
    let server = Server::each(move |number, mut peer| {
        let head = peer.head();
        if number > 0 {
            peer.send(me());
            return;
        }
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        peer.body(length);
        read.send(()).expect("the test waits");
        // A single poll could send all the rest.
        let is_dropped = is_dropped.lock().expect("no connection panics with the lock");
        is_dropped.recv().expect_err("the test drops the other end");
        assert!(peer.try_body(head.length() - length).is_none(), "a whole request");
    });
    (server, is_read, drops)
}

#[test]
fn upload_dropped_in_the_middle_is_never_whole() {
    let folder = Folder::new();
    let path = large_file(&folder);
    let (server, is_read, drops) = reads_part_of_a_body(100_000);
    let client = client(&server);
    let chat = client.chats().chat("c1");
    drop_after(chat.post(Draft::text("x").attach(NewAttachment::file(Upload::from_path(&path)))), &is_read);
    drop(drops);
    assert_eq!(ask(&client).expect("a response"), "Example");
    assert_eq!(fs::metadata(path).expect("the file exists").len(), LARGE as u64);
}

#[test]
fn body_dropped_within_any_part_is_never_whole() {
    let folder = Folder::new();
    let file = Part::file(large_file(&folder), LARGE as u64);
    let bytes = Part::bytes(vec![0; LARGE]);
    for after in [100_000, LARGE + 100_000, 2 * LARGE + 100_000] {
        let (server, is_read, drops) = reads_part_of_a_body(after);
        let client = client(&server);
        let sending = attempt(&client, |exchange| {
            *exchange.request.method_mut() = http::Method::POST;
            *exchange.request.body_mut() = [&file, &bytes, &file].into_iter().cloned().collect();
        });
        drop_after(sending, &is_read);
        drop(drops);
        assert_eq!(ask(&client).expect("a response"), "Example");
    }
}

#[test]
fn download_dropped_in_the_middle_leaves_no_file() {
    let folder = Folder::new();
    let (sent, is_sent) = mpsc::channel();
    let server = Server::each(move |number, mut peer| {
        peer.request();
        if number > 0 {
            peer.send(me());
            return;
        }
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n");
        peer.send(pattern(100_000));
        sent.send(()).expect("the test waits");
        peer.wait_for_end();
    });
    let (client, asset) = (client(&server), Asset::new("a1", "f", "text/plain", 200_000));
    drop_after(client.chats().download_to(&asset, folder.path("file")), &is_sent);
    assert_eq!(ask(&client).expect("a response"), "Example");
    assert!(!fs::exists(folder.path("file")).expect("it can be looked for"));
}
