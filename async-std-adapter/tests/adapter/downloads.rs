//! Answers on their way into files.

use std::{
    fs,
    sync::{Mutex, mpsc},
    time::Duration,
};

use async_std::task;
use teamwire_async_std::{
    Asset, Attachment, Client, Config, Download, ErrorKind, Fault, FaultKind, FileError, Limits, Response, RetryPolicy,
    Runtime, Script, ToFile,
    script::{Answer, Expect, sample},
    scripted,
};

use crate::support::{Fits, Folder, Peer, Probe, Server, answer, ask, client, config, me, pattern, perform};

/// Asks for something that is to go to this file, behind so many bytes.
fn download<R: Runtime>(client: &Client<R>, path: &str, offset: u64) -> Result<Response, Fault> {
    perform(client, |exchange| exchange.to_file = Some(ToFile::new(path, offset)))
}

/// An asset, as a message had it.
fn asset() -> Asset {
    let mut message = sample::message("m1", "c1", "");
    message["attachments"] = sample::json(
        r#"[{ "kind": "file", "asset": { "id": "a1", "file_name": "f", "media_type": "text/plain", "size": 200000 } }]"#,
    );
    let script = Script::new().always(Expect::post("/v1/chats/c1/messages"), Answer::json(201, message));
    let mut message = task::block_on(scripted(&script).chats().chat("c1").post("x")).expect("a message");
    match message.attachments.pop() {
        Some(Attachment::File(asset)) => asset,
        other => panic!("{other:?}"),
    }
}

fn read(path: &str) -> Vec<u8> {
    fs::read(path).expect("a file")
}

/// A head with these headers, and then the bytes.
fn send(peer: &mut Peer, head: &str, bytes: &[u8]) {
    peer.send(format!("HTTP/1.1 {head}\r\n\r\n"));
    peer.send(bytes);
}

#[test]
fn a_body_that_is_announced_to_be_longer_than_its_file_may_become_is_refused() {
    let folder = Folder::new();
    let path = folder.file("file", "12345");
    let server = Server::start(|_, mut peer| {
        peer.request();
        send(&mut peer, "206 Partial Content\r\ncontent-length: 6", b"");
        peer.wait();
    });
    let client = client(&server);
    let fault = perform(&client, |exchange| exchange.to_file = Some(ToFile::new(&path, 5).limit(10)));
    let fault = fault.expect_err("it would have 11 bytes");
    assert_eq!((fault.kind, fault.received), (FaultKind::TooLarge, 0), "{fault}");
    assert_eq!(read(&path), b"12345");
    drop(client);
}

#[test]
fn an_answer_of_any_form_goes_to_a_file() {
    for length in [0, 1, 65_536, 300_000] {
        let (folder, bytes) = (Folder::new(), pattern(length));
        let server = Server::start(move |number, mut peer| {
            while peer.request().is_some() {
                match number {
                    0 => send(&mut peer, &format!("200 OK\r\nconnection: close\r\ncontent-length: {length}"), &bytes),
                    1 => {
                        peer.send("HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n");
                        for chunk in bytes.chunks(7_777) {
                            peer.send(format!("{:x}\r\n", chunk.len()));
                            peer.send(chunk);
                            peer.send("\r\n");
                        }
                        peer.send("0\r\n\r\n");
                    }
                    2 => {
                        send(&mut peer, "200 OK", &bytes);
                        return;
                    }
                    _ => send(&mut peer, &format!("200 OK\r\ncontent-length: {length}"), &bytes),
                }
            }
        });
        // A limit is for what goes to memory.
        let limits = Limits { answer: 10, ..Limits::default() };
        let client = teamwire_async_std::client(config(&server.url()).with_limits(limits)).expect("options that work");
        for _ in 0..5 {
            let path = folder.file("file", "what was in there, which is longer than some of it".repeat(10));
            let response = download(&client, &path, 7).expect("an answer");
            assert_eq!((response.status().as_u16(), response.body().len()), (200, 0));
            assert!(read(&path) == pattern(length), "{length} bytes");
        }
        assert_eq!(server.connections(), 4, "the last one is kept");
    }
}

#[test]
fn an_answer_gets_through_the_narrowest_stream() {
    let folder = Folder::new();
    let server = Server::start(|_, mut peer| {
        while peer.request().is_some() {
            send(&mut peer, "200 OK\r\ncontent-length: 100000", &pattern(100_000));
        }
    });
    let probe = Probe { fits: Fits::Bytes(333), ..Probe::default() };
    let client = probe.client(config(&server.url()));
    let path = folder.file("new", "");
    download(&client, &path, 0).expect("an answer");
    assert!(read(&path) == pattern(100_000));
}

#[test]
fn the_rest_of_an_answer_goes_behind_what_stays() {
    let folder = Folder::new();
    let server = Server::start(|_, mut peer| {
        peer.request();
        send(&mut peer, "206 Partial Content\r\ncontent-length: 3", b"abc");
    });
    let path = folder.file("file", "1234567");
    let response = download(&client(&server), &path, 5).expect("an answer");
    assert_eq!((response.status().as_u16(), read(&path)), (206, b"12345abc".to_vec()));
}

#[test]
fn an_answer_that_is_no_success_goes_to_memory() {
    for status in [201, 302, 404, 416, 500] {
        let folder = Folder::new();
        let server = Server::start(move |_, mut peer| {
            peer.request();
            peer.send(answer(status, "{}"));
        });
        let path = folder.path("none");
        let response = download(&client(&server), &path, 0).expect("an answer");
        assert_eq!((response.status().as_u16(), response.body().as_slice()), (status, &b"{}"[..]));
        assert_eq!(folder.files(), 0);
    }
}

#[test]
fn what_arrived_before_a_cut_is_in_the_file_and_is_said() {
    for cut in [0, 1, 65_536, 150_000] {
        let folder = Folder::new();
        let server = Server::start(move |_, mut peer| {
            peer.request();
            send(&mut peer, "200 OK\r\netag: \"v1\"\r\ncontent-length: 150001", &pattern(cut));
        });
        let path = folder.file("file", "");
        let fault = download(&client(&server), &path, 0).expect_err("it was cut");
        assert_eq!((fault.kind, fault.received), (FaultKind::Lost, cut as u64));
        assert!(read(&path) == pattern(cut), "{cut} bytes");
        let head = fault.head.expect("it had arrived");
        assert_eq!((head.status().as_u16(), head.headers()["etag"].as_bytes()), (200, &b"\"v1\""[..]));
    }
}

#[test]
fn the_head_is_said_of_answers_to_memory_too() {
    let server = Server::start(|_, mut peer| {
        peer.request();
        send(&mut peer, "503 Busy\r\nretry-after: 7\r\ncontent-length: 10", b"1234");
    });
    let fault = perform(&client(&server), |_| {}).expect_err("it was cut");
    assert_eq!((fault.kind, fault.received), (FaultKind::Lost, 4));
    assert_eq!(fault.head.expect("it had arrived").status(), 503);
}

#[test]
fn a_file_that_cannot_be_written_is_said() {
    let folder = Folder::new();
    let server = Server::start(|_, mut peer| {
        peer.request();
        send(&mut peer, "200 OK\r\ncontent-length: 100000", &pattern(100_000));
        peer.wait();
    });
    let client = client(&server);
    for path in [folder.path("no folder/file"), "/dev/full".to_owned()] {
        let fault = download(&client, &path, 0).expect_err("it cannot be written");
        assert_eq!((fault.kind, fault.received), (FaultKind::File, 0), "{path}: {fault}");
        assert!(fault.source.downcast_ref::<FileError>().is_some_and(|error| error.path == path), "{fault}");
        assert_eq!(fault.head.expect("it had arrived").status(), 200);
    }
}

/// Options under which trying again takes no time.
fn insistent(server: &Server) -> Config {
    let policy = RetryPolicy { retries: 2, first_wait: Duration::ZERO, ..RetryPolicy::default() };
    config(&server.url()).with_retry(policy)
}

const LENGTH: usize = 200_000;

/// Sends all but the first `from` bytes of a file with this version, in pieces that are cut off, until there is no more.
fn send_some(peer: &mut Peer, version: &str, from: usize, bytes: &[u8]) {
    let left = bytes.len() - from;
    let head = if from == 0 { "200 OK".to_owned() } else { format!("206 OK\r\n{}", range(from, bytes.len())) };
    let some = &bytes[from..(from + 70_000).min(bytes.len())];
    send(peer, &format!("{head}\r\netag: {version}\r\ncontent-length: {left}"), some);
}

fn range(from: usize, length: usize) -> String {
    format!("content-range: bytes {from}-{}/{length}", length - 1)
}

#[test]
fn a_download_that_is_cut_goes_on_where_it_was() {
    let folder = Folder::new();
    let server = Server::start(|number, mut peer| {
        let request = peer.request().expect("a request");
        let from = number * 70_000;
        let asked = (from > 0).then(|| format!("bytes={from}-"));
        assert_eq!(
            (request.header("range"), request.header("if-range")),
            match &asked {
                Some(range) => (Some(range.as_str()), Some("\"v1\"")),
                None => (None, None),
            }
        );
        send_some(&mut peer, "\"v1\"", from, &pattern(LENGTH));
    });
    let client = teamwire_async_std::client(insistent(&server)).expect("options that work");
    let path = folder.path("file");
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let watched = Download::of(&asset()).on_progress(move |it| {
        tell.lock().expect("nobody panicked").send((it.bytes, it.total)).expect("the test listens");
    });
    task::block_on(client.chats().download_to(watched, path.as_str())).expect("the whole of it");
    assert!(read(&path) == pattern(LENGTH));
    assert_eq!((folder.files(), server.connections()), (1, 3));
    let told: Vec<_> = told.try_iter().collect();
    assert!(told.is_sorted_by(|a, b| a.0 < b.0) && told.iter().all(|it| it.1 == Some(200_000)), "{told:?}");
    assert_eq!(told.last(), Some(&(200_000, Some(200_000))));
}

#[test]
fn a_download_of_what_has_changed_meanwhile_begins_anew() {
    let folder = Folder::new();
    let server = Server::start(|number, mut peer| {
        let request = peer.request().expect("a request");
        match number {
            0 => send_some(&mut peer, "\"v1\"", 0, &pattern(LENGTH)),
            // It is asked for the rest of the first version, and has another.
            1 => {
                assert_eq!(request.header("if-range"), Some("\"v1\""));
                send_some(&mut peer, "\"v2\"", 0, &vec![2; LENGTH]);
            }
            _ => {
                assert_eq!(request.header("if-range"), Some("\"v2\""));
                send_some(&mut peer, "\"v2\"", (number - 1) * 70_000, &vec![2; LENGTH]);
            }
        }
    });
    let client = teamwire_async_std::client(insistent(&server)).expect("options that work");
    let path = folder.file("file", "what was there before");
    task::block_on(client.chats().download_to(&asset(), path.as_str())).expect("the whole of it");
    assert!(read(&path) == vec![2; LENGTH]);
    assert_eq!((folder.files(), server.connections()), (1, 4));
}

#[test]
fn a_download_that_fails_leaves_what_was_there_and_nothing_else() {
    let folder = Folder::new();
    let server = Server::start(|number, mut peer| {
        peer.request();
        if number == 0 {
            send(&mut peer, "200 OK\r\ncontent-length: 10", b"1234");
        }
    });
    let client = client(&server);
    let path = folder.file("file", "what was there before");
    let error = task::block_on(client.chats().download_to(&asset(), path.as_str())).expect_err("it was cut");
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert_eq!((read(&path), folder.files()), (b"what was there before".to_vec(), 1));
}

#[test]
fn a_download_that_is_dropped_in_the_middle_harms_no_other() {
    let folder = Folder::new();
    let (sent, is_sent) = mpsc::channel();
    let sent = Mutex::new(sent);
    let server = Server::start(move |number, mut peer| {
        peer.request();
        if number > 0 {
            peer.send(me());
            return;
        }
        send(&mut peer, "200 OK\r\ncontent-length: 200000", &pattern(100_000));
        sent.lock().expect("nobody panicked").send(()).expect("the test waits");
        peer.wait();
    });
    let client = client(&server);
    let mut saving = client.chats().download_to(&asset(), folder.path("file"));
    while is_sent.try_recv().is_err() {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(saving.as_mut().poll(&mut cx).is_pending());
    }
    drop(saving);
    assert_eq!(ask(&client).expect("an answer"), "Example");
    assert!(!fs::exists(folder.path("file")).expect("it can be looked for"));
}
