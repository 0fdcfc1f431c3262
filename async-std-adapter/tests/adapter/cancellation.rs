//! A future that is dropped at any point affects no other.

use std::{
    fs,
    future::Future,
    io::{Read, Write},
    pin::pin,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use async_std::task;
use teamwire_async_std::{
    Client, Draft, Script,
    effect::Part,
    model::{Asset, Attachment, NewAttachment, Upload},
    script::{Expect, Respond, sample},
    scripted,
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

#[test]
fn upload_dropped_in_the_middle_is_never_whole() {
    const LENGTH: usize = 30_000_000;
    let folder = Folder::new();
    let path = folder.file("file", pattern(LENGTH));
    let (read, is_read) = mpsc::channel();
    let server = Server::each(move |number, mut peer| {
        let head = peer.head();
        if number > 0 {
            peer.send(me());
            return;
        }
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        peer.body(100_000);
        read.send(()).expect("the test waits");
        assert!(peer.try_body(head.length()).is_none(), "a whole request");
    });
    let client = client(&server);
    let chat = client.chats().chat("c1");
    let posting = chat.post(Draft::text("x").attach(NewAttachment::file(Upload::from_path(&path))));
    drop_after(posting, &is_read);
    assert_eq!(ask(&client).expect("a response"), "Example");
    assert_eq!(fs::metadata(path).expect("the file exists").len(), LENGTH as u64);
}

#[test]
fn body_dropped_within_any_part_is_never_whole() {
    // More than the buffers of both sockets hold: some systems let one grow to 32 MiB.
    const LENGTH: usize = 48_000_000;
    let folder = Folder::new();
    let path = folder.file("file", Vec::new());
    let sparse = fs::File::options().write(true).open(&path).expect("the file exists");
    sparse.set_len(LENGTH as u64).expect("the file can grow");
    let file = Part::file(path, LENGTH as u64);
    let bytes = Part::bytes(vec![0; LENGTH]);
    for after in [100_000, LENGTH + 100_000, 2 * LENGTH + 100_000] {
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
            peer.body(after);
            read.send(()).expect("the test waits");
            // A single poll could send all the rest.
            let is_dropped = is_dropped.lock().expect("no connection panics with the lock");
            is_dropped.recv().expect_err("the test drops the other end");
            assert!(peer.try_body(head.length() - after).is_none(), "a whole request");
        });
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
    let client = client(&server);
    drop_after(client.chats().download_to(&asset(), folder.path("file")), &is_sent);
    assert_eq!(ask(&client).expect("a response"), "Example");
    assert!(!fs::exists(folder.path("file")).expect("it can be looked for"));
}

/// Returns an asset of 200,000 bytes from a message.
fn asset() -> Asset {
    let mut message = sample::message("m1", "c1", "");
    message["attachments"] = sample::json(
        r#"[{
            "kind": "file",
            "asset": { "id": "a1", "file_name": "f", "media_type": "text/plain", "size": 200000 }
        }]"#,
    );
    let script = Script::new().then(Expect::post("/v1/chats/c1/messages"), Respond::json(201, message));
    let mut message = task::block_on(scripted(&script).chats().chat("c1").post("x")).expect("the script has it");
    match message.attachments.pop() {
        Some(Attachment::File(asset)) => asset,
        other => panic!("{other:?}"),
    }
}
