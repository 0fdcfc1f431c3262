//! Bodies of several parts, some from memory and some from files.

use std::{
    fs::{self, OpenOptions},
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use teamwire_core::effect::{Body, FileErrorKind, Part, Progress, TransportErrorKind};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{
    CONTINUE, Folder, Server, client, echo, fault, file_error, pattern, posting, receives_no_whole_request, response,
};

const MEBIBYTES: usize = 3 << 20;

fn bytes(length: usize) -> (Part, Vec<u8>) {
    (Part::bytes(pattern(length)), pattern(length))
}

/// A file with these bytes, whose path is random.
fn file(folder: &Folder, content: Vec<u8>) -> (Part, Vec<u8>) {
    let path = folder.file(&format!("file-{}", folder.content().len()), &content);
    (Part::file(path, content.len() as u64), content)
}

/// Returns a body of these parts, and its bytes.
fn joined(parts: impl IntoIterator<Item = (Part, Vec<u8>)>) -> (Body, Vec<u8>) {
    let (parts, contents): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    (parts.into(), contents.concat())
}

/// Bodies of bytes and files in many orders: short and long, with and without `Expect: 100-continue`.
fn mixed(folder: &Folder) -> Vec<(Body, Vec<u8>)> {
    let reversed = |length| pattern(length).into_iter().rev().collect::<Vec<_>>();
    vec![
        joined([bytes(90), file(folder, reversed(0)), bytes(0), file(folder, reversed(1)), bytes(2)]),
        joined([file(folder, reversed(10)), file(folder, reversed(20))]),
        joined([bytes(10), bytes(0), bytes(20)]),
        joined([file(folder, Vec::new()), bytes(0), file(folder, Vec::new())]),
        joined([
            bytes(120),
            file(folder, reversed(MEBIBYTES)),
            bytes(130),
            file(folder, Vec::new()),
            bytes(140),
            file(folder, pattern(MEBIBYTES + 1)),
            bytes(6),
        ]),
        joined([bytes(MEBIBYTES), file(folder, reversed(70_000)), bytes(MEBIBYTES)]),
    ]
}

#[executor_test]
fn parts_arrive_in_order_and_unchanged<H: Harness>() {
    let (sender, received) = mpsc::channel();
    let sender = Mutex::new(sender);
    let server = Server::each(move |_, mut peer| {
        while let Some(head) = peer.try_head() {
            if head.header("expect").is_some() {
                peer.send(CONTINUE);
            }
            let body = peer.body(head.length());
            peer.respond(200, "{}");
            // An executor without persistent connections waits for the end of this one.
            let is_last = head.line().ends_with("HTTP/1.0");
            sender.lock().unwrap_or_else(PoisonError::into_inner).send((head, body)).expect("the test receives it");
            if is_last {
                return;
            }
        }
    });
    let (client, folder) = (client::<H>(&server), Folder::new());
    for (body, content) in mixed(&folder) {
        assert_eq!(body.length(), content.len() as u64);
        let name = format!("{body:?}");
        response::<H>(&client, posting(body));
        let (head, arrived) = received.recv().expect("the server sends what it receives");
        assert_eq!((head.header("transfer-encoding"), head.length()), (None, content.len()), "{name}");
        assert!(arrived == content, "{name}");
    }
}

#[executor_test(transports)]
fn parts_need_no_more_connections_than_a_body_of_one<H: Harness>() {
    let (server, folder) = (echo(), Folder::new());
    let client = client::<H>(&server);
    for (body, content) in mixed(&folder) {
        assert!(response::<H>(&client, posting(body)).into_body() == content);
    }
    assert_eq!(server.connections(), 1);
}

#[executor_test(transports, hyper = "hyper may send the head before a chunk of the body has been read")]
fn short_parts_leave_with_the_head<H: Harness>() {
    let (sender, reads) = mpsc::channel();
    let sender = Mutex::new(sender);
    let server = Server::each(move |_, mut peer| {
        while let Some(request) = peer.try_request() {
            peer.respond(200, "{}");
            sender.lock().unwrap_or_else(PoisonError::into_inner).send(request.reads).expect("the test receives it");
        }
    });
    let (client, folder) = (client::<H>(&server), Folder::new());
    let (body, _) = joined([bytes(90), file(&folder, pattern(1_000)), bytes(30), file(&folder, pattern(9)), bytes(9)]);
    response::<H>(&client, posting(body));
    assert_eq!(reads.recv(), Ok(1));
}

#[executor_test(transports)]
fn each_part_has_its_own_progress<H: Harness>() {
    let (server, folder) = (echo(), Folder::new());
    let client = client::<H>(&server);
    let log = Arc::<Mutex<Vec<(usize, u64, Option<u64>)>>>::default();
    let observed = |number, (part, content): (Part, Vec<u8>)| {
        let log = Arc::clone(&log);
        let report = move |number, bytes, total| {
            log.lock().unwrap_or_else(PoisonError::into_inner).push((number, bytes, total));
        };
        (part.with_progress(Progress::new(move |moved| report(number, moved.bytes, moved.total))), content)
    };
    let lengths = [MEBIBYTES, 0, 70_000, 5];
    let (body, content) = joined([
        bytes(100),
        observed(0, file(&folder, pattern(lengths[0]))),
        observed(1, file(&folder, pattern(lengths[1]))),
        bytes(100),
        observed(2, bytes(lengths[2])),
        observed(3, file(&folder, pattern(lengths[3]))),
        bytes(100),
    ]);
    assert!(response::<H>(&client, posting(body)).into_body() == content);
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(log.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)), "{log:?}");
    for (number, length) in lengths.into_iter().enumerate() {
        let reports: Vec<_> = log.iter().filter(|report| report.0 == number).collect();
        assert!(reports.iter().all(|report| report.2 == Some(length as u64)), "{reports:?}");
        let last = reports.last().map(|report| report.1);
        assert_eq!(last, (length > 0).then_some(length as u64), "part {number}: {reports:?}");
        assert!(length < MEBIBYTES || reports.len() > 4, "{reports:?}");
    }
}

#[executor_test]
fn missing_file_is_an_error_before_anything_is_sent<H: Harness>() {
    let server = Server::each(|_, mut peer| assert!(peer.try_head().is_none(), "a request"));
    let (client, folder) = (client::<H>(&server), Folder::new());
    let (there, gone) = (file(&folder, pattern(10)), file(&folder, pattern(20)));
    fs::remove_file(folder.path("file-1")).expect("the file exists");
    let (body, _) = joined([bytes(10), there, bytes(10), gone]);
    let fault = fault::<H>(&client, posting(body));
    let error = file_error(&fault);
    assert_eq!((error.kind, fault.sent), (FileErrorKind::NotFound, false), "{fault}");
    assert_eq!(error.path, folder.path("file-1"));
    assert_eq!(server.connections(), 0);
}

#[executor_test(
    transports,
    hyper = "without `100 Continue`, a small file has left before it changes",
    blocking_hyper = "without `100 Continue`, a small file has left before it changes"
)]
fn body_with_a_file_that_changes_never_arrives_whole<H: Harness>() {
    for changed_length in [0, 199_999, 200_001] {
        let folder = Folder::new();
        let parts =
            [file(&folder, pattern(100_000)), bytes(50), file(&folder, pattern(200_000)), bytes(60), bytes(300_000)];
        let path = folder.path("file-1");
        let changed = path.clone();
        let server = receives_no_whole_request(move || {
            let file = OpenOptions::new().write(true).open(&changed).expect("the file exists");
            file.set_len(changed_length).expect("a file can have this length");
        });
        let fault = fault::<H>(&client::<H>(&server), posting(joined(parts).0));
        let error = file_error(&fault);
        assert_eq!((error.kind, &error.path, fault.sent), (FileErrorKind::Changed, &path, true), "{fault}");
    }
}

#[executor_test(transports)]
fn every_attempt_sends_all_parts_from_the_beginning<H: Harness>() {
    let folder = Folder::new();
    let (body, content) =
        joined([bytes(100), file(&folder, pattern(50_000)), bytes(100), file(&folder, pattern(MEBIBYTES)), bytes(100)]);
    // Within each part, and at their ends.
    for cut in [0, 60, 100, 30_000, 50_100, 50_150, 50_200, MEBIBYTES, content.len() - 100, content.len() - 50] {
        let expected = content.clone();
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.head();
            peer.send(CONTINUE);
            peer.body(cut);
            // Bytes that were not read turn this end of the connection into a reset.
            drop(peer);
            let mut peer = listener.accept();
            let head = peer.head();
            peer.send(CONTINUE);
            assert!(peer.body(head.length()) == expected, "another body than before");
            peer.respond(200, "{}");
        });
        let client = client::<H>(&server);
        let fault = fault::<H>(&client, posting(body.clone()));
        assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Disconnected, true), "{cut} bytes: {fault}");
        response::<H>(&client, posting(body.clone()));
    }
}

#[executor_test(transports)]
fn rejected_expectation_is_followed_by_all_parts<H: Harness>() {
    let (sender, received) = mpsc::channel();
    let sender = Mutex::new(sender);
    let server = Server::each(move |_, mut peer| {
        let mut serve = || {
            let head = peer.try_head()?;
            if head.header("expect").is_some() {
                peer.send(CONTINUE);
                peer.try_body(120_000)?;
                peer.send("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                peer.wait_for_end();
                return None;
            }
            let body = peer.try_body(head.length())?;
            peer.respond(200, "{}");
            sender.lock().unwrap_or_else(PoisonError::into_inner).send(body).ok()
        };
        while serve().is_some() {}
    });
    let (client, folder) = (client::<H>(&server), Folder::new());
    let (body, content) =
        joined([bytes(90), file(&folder, pattern(100_000)), bytes(80), file(&folder, pattern(MEBIBYTES))]);
    assert_eq!(response::<H>(&client, posting(body)).status(), 200);
    assert!(received.recv().expect("a whole body") == content);
}
