//! Files on their way to the server: whole or not at all, and no further than it wants them.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Write},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver},
    },
    task::{Context, Waker},
    time::{Duration, Instant},
};

use async_std::task;
use teamwire_async_std::{
    Body, Client, Draft, Error, ErrorKind, Exchange, Fault, FaultKind, FileError, FileErrorKind, NewAttachment,
    Progress, Response, Runtime, Upload,
};

use crate::{
    support::{Fits, Folder, Peer, Probe, Server, answer, ask, client, config, me, pattern, perform},
    tls::{Authority, secured},
};

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// Posts the file, as if it had been measured to have so many bytes.
fn upload<R: Runtime>(client: &Client<R>, path: &str, length: usize) -> Result<Response, Fault> {
    perform(client, |exchange| carry(exchange, path, length))
}

fn carry(exchange: &mut Exchange, path: &str, length: usize) {
    *exchange.request.method_mut() = http::Method::POST;
    *exchange.request.body_mut() = Body::File { path: path.into(), length: length as u64, may_grow: false };
}

/// Answers each request with its body, after having asked for that if the client wants to be asked.
fn echo<S: Read + Write>(mut peer: Peer<S>) {
    while let Some(head) = peer.head() {
        if head.header("expect") == Some("100-continue") {
            peer.send(CONTINUE);
        }
        let body = peer.body(head.length()).expect("the whole of it");
        assert!(head.header("transfer-encoding").is_none());
        peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()));
        peer.send(body);
    }
}

fn kind(fault: &Fault) -> FileErrorKind {
    assert_eq!(fault.kind, FaultKind::File, "{fault}");
    fault.source.downcast_ref::<FileError>().expect("it says what is wrong with the file").kind
}

const LENGTHS: [usize; 6] = [0, 1, 65_535, 65_536, 65_537, 1_000_000];

#[test]
fn a_file_arrives_as_it_is() {
    let (folder, server) = (Folder::new(), Server::start(|_, peer| echo(peer)));
    let client = client(&server);
    for length in LENGTHS {
        let path = folder.file("file", pattern(length));
        let asked = Instant::now();
        let response = upload(&client, &path, length).expect("an answer");
        assert!(asked.elapsed() < Duration::from_secs(1), "{length} bytes: it waited for something else");
        assert!(response.into_body() == pattern(length), "{length} bytes");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_file_gets_through_the_narrowest_stream_and_through_tls() {
    let (folder, authority) = (Folder::new(), Authority::new());
    let settings = authority.server("localhost");
    let plain = Server::start(|_, peer| echo(peer));
    let server = Server::start(move |_, peer| echo(secured(peer, &settings)));
    let probe = Probe { fits: Fits::Bytes(700), addresses: vec![server.address], ..Probe::default() };
    let url = format!("https://localhost:{}", server.address.port());
    for options in [config(&plain.url()), config(&url).with_root_certificates_pem(authority.pem())] {
        let client = probe.client(options);
        let path = folder.file("file", pattern(200_000));
        for _ in 0..2 {
            assert!(upload(&client, &path, 200_000).expect("an answer").into_body() == pattern(200_000));
        }
    }
    assert_eq!((plain.connections(), server.connections()), (1, 1));
}

#[test]
fn a_server_that_never_says_go_on_gets_the_file_all_the_same() {
    let folder = Folder::new();
    let server = Server::start(|_, mut peer| {
        while let Some(request) = peer.request() {
            assert_eq!(request.header("expect"), (request.length() > 0).then_some("100-continue"));
            // Too late to be of use, and harmless.
            peer.send(CONTINUE);
            peer.send(answer(200, &request.body.len().to_string()));
        }
    });
    let client = client(&server);
    let path = folder.file("file", pattern(100_000));
    let asked = Instant::now();
    assert_eq!(upload(&client, &path, 100_000).expect("an answer").into_body(), b"100000");
    assert!(asked.elapsed() >= Duration::from_secs(1), "it asks first");
    assert_eq!(ask(&client).map_err(|error| error.kind()), Err(ErrorKind::UnexpectedAnswer));
    assert_eq!(server.connections(), 1);
}

/// A server that is never to see a whole request. `change` is called before it says to go on.
fn sees_no_whole_request(change: impl Fn() + Send + Sync + 'static) -> Server {
    Server::start(move |_, mut peer| {
        let head = peer.head().expect("a request");
        change();
        peer.send(CONTINUE);
        assert!(peer.body(head.length()).is_none(), "a whole request");
    })
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_never_sent_whole() {
    for length in [0_u64, 70_000, 199_999, 200_001, 1_000_000] {
        let folder = Folder::new();
        let path = folder.file("file", pattern(200_000));
        let changed = path.clone();
        let server = sees_no_whole_request(move || {
            let file = OpenOptions::new().write(true).open(&changed).expect("it is there");
            file.set_len(length).expect("a length");
        });
        let client = client(&server);
        let fault = upload(&client, &path, 200_000).expect_err("it changed");
        assert_eq!((kind(&fault), fault.sent), (FileErrorKind::Changed, true), "{length} bytes: {fault}");
    }
}

#[test]
fn a_file_that_has_changed_since_it_was_measured_is_never_sent_whole() {
    let folder = Folder::new();
    let path = folder.file("file", pattern(1_000));
    for measured in [0, 999, 1_001, 100_000] {
        let server = Server::start(|_, mut peer| {
            if let Some(head) = peer.head() {
                peer.send(CONTINUE);
                assert!(head.length() > 0 && peer.body(head.length()).is_none(), "a whole request");
            }
        });
        let client = client(&server);
        let fault = upload(&client, &path, measured).expect_err("it changed");
        assert_eq!(kind(&fault), FileErrorKind::Changed, "{measured} bytes measured: {fault}");
    }
}

#[test]
fn an_operation_says_which_file_has_changed() {
    let folder = Folder::new();
    let path = folder.file("large.log", pattern(200_000));
    let changed = path.clone();
    let server = sees_no_whole_request(move || {
        OpenOptions::new()
            .append(true)
            .open(&changed)
            .and_then(|mut file| file.write_all(b"more"))
            .expect("it is there");
    });
    let client = client(&server);
    let draft = Draft::text("the log").attach(NewAttachment::file(Upload::path(&path)));
    let error = task::block_on(client.chats().chat("c1").post(draft)).expect_err("it changed");
    assert_eq!(error.kind(), ErrorKind::File);
    assert!(matches!(&error, Error::Attachment { file, .. } if file == "large.log"), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_not_connected_for() {
    let (folder, server) = (Folder::new(), Server::start(|_, mut peer| peer.wait()));
    let client = client(&server);
    for (path, expected) in
        [(folder.path("none"), FileErrorKind::NotFound), (folder.path(""), FileErrorKind::IsDirectory)]
    {
        let fault = upload(&client, &path, 10).expect_err("it cannot be read");
        assert_eq!((kind(&fault), fault.sent), (expected, false), "{fault}");
        let draft = Draft::text("x").attach(NewAttachment::file(Upload::path(path).named("x")));
        let error = task::block_on(client.chats().chat("c1").post(draft)).expect_err("it cannot be read");
        assert_eq!(error.kind(), ErrorKind::File);
    }
    assert_eq!(server.connections(), 0);
}

const REFUSAL: &str = "HTTP/1.1 413 Too Large\r\ncontent-length: 4\r\n\r\nless";

#[test]
fn a_refusal_before_the_file_spares_sending_it() {
    let folder = Folder::new();
    let path = folder.file("file", pattern(1_000_000));
    let server = Server::start(|number, mut peer| {
        let head = peer.head().expect("a request");
        if number > 0 {
            peer.send(me());
            return;
        }
        peer.send(REFUSAL);
        assert_eq!(peer.body(1), None, "nothing of the file is sent");
        assert_eq!(head.length(), 1_000_000);
    });
    let client = client(&server);
    let asked = Instant::now();
    let response = upload(&client, &path, 1_000_000).expect("an answer");
    assert_eq!((response.status().as_u16(), response.body().as_slice()), (413, &b"less"[..]));
    assert!(asked.elapsed() < Duration::from_secs(1), "it was heard at once");
    assert_eq!(ask(&client).expect("an answer, over another connection"), "Example");
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_refusal_in_the_middle_of_the_file_is_heard() {
    let folder = Folder::new();
    let path = folder.file("file", pattern(30_000_000));
    let (heard, is_heard) = mpsc::channel::<()>();
    let is_heard = Mutex::new(is_heard);
    let server = Server::start(move |_, mut peer| {
        peer.head();
        peer.send(CONTINUE);
        peer.body(100_000).expect("some of the file");
        // One that does not count goes before.
        peer.send(format!("HTTP/1.1 102 Processing\r\n\r\n{REFUSAL}"));
        // Not read on, so that there is no room for all the rest; and not closed, so that nothing of the answer is lost.
        assert!(is_heard.lock().expect("nobody panicked").recv().is_err());
        peer.wait();
    });
    let client = client(&server);
    let response = upload(&client, &path, 30_000_000).expect("an answer");
    assert_eq!((response.status().as_u16(), response.body().as_slice()), (413, &b"less"[..]));
    drop(heard);
}

/// What is told of a transfer, as it goes on.
fn observed() -> (Progress, Receiver<(u64, Option<u64>)>) {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let tell = move |it: teamwire_async_std::Transferred| {
        tell.lock().expect("nobody panicked").send((it.bytes, it.total)).expect("the test listens");
    };
    (Progress::new(tell), told)
}

#[test]
fn progress_is_told_piece_by_piece() {
    let (folder, server) = (Folder::new(), Server::start(|_, peer| echo(peer)));
    let client = client(&server);
    let path = folder.file("file", pattern(1_000_000));
    let file = Body::File { path, length: 1_000_000, may_grow: false };
    for (body, fewest) in [(file, 4), (Body::from(pattern(1_000_000)), 2)] {
        let (progress, told) = observed();
        let response = perform(&client, |exchange| {
            *exchange.request.method_mut() = http::Method::POST;
            *exchange.request.body_mut() = body;
            exchange.progress = Some(progress);
        });
        assert_eq!(response.expect("an answer").body().len(), 1_000_000);
        let told: Vec<_> = told.try_iter().collect();
        assert!(told.len() >= fewest, "{told:?}");
        assert!(told.is_sorted_by(|a, b| a.0 < b.0) && told.iter().all(|it| it.1 == Some(1_000_000)), "{told:?}");
        assert_eq!(told.last(), Some(&(1_000_000, Some(1_000_000))), "the answer is not what was watched");
    }
}

#[test]
fn an_upload_that_is_dropped_in_the_middle_is_never_whole() {
    let folder = Folder::new();
    let path = folder.file("file", pattern(30_000_000));
    let (read, is_read) = mpsc::channel();
    let read = Arc::new(Mutex::new(read));
    let server = Server::start(move |number, mut peer| {
        let head = peer.head().expect("a request");
        if number > 0 {
            peer.send(me());
            return;
        }
        peer.send(CONTINUE);
        peer.body(100_000).expect("some of the file");
        read.lock().expect("nobody panicked").send(()).expect("the test waits");
        assert!(peer.body(head.length()).is_none(), "a whole request");
    });
    let client = client(&server);
    let draft = Draft::text("x").attach(NewAttachment::file(Upload::path(&path)));
    let chat = client.chats().chat("c1");
    let mut posting = chat.post(draft);
    // It is polled until some of the file has arrived, and no further.
    while is_read.try_recv().is_err() {
        assert!(posting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    drop(posting);
    assert_eq!(ask(&client).expect("an answer"), "Example");
    assert_eq!(fs::metadata(path).expect("it is there").len(), 30_000_000);
}
