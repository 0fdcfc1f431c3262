//! Uploads of files: complete, or not at all.

use std::fs::OpenOptions;

use teamwire_core::{
    Draft, ErrorKind,
    effect::{Body, FileErrorKind, Timeout},
    error::Cause,
    model::{NewAttachment, Upload},
};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{
    CONTINUE, Folder, Server, client, echo, fault, file, file_error, observed, observed_by, pattern, posting,
    receives_no_whole_request, response,
};

#[executor_test(transports)]
fn file_arrives_unchanged<H: Harness>() {
    let (folder, server) = (Folder::new(), echo());
    let client = client::<H>(&server);
    for length in [0, 1, 65_535, 65_536, 65_537, 1_000_000] {
        let path = folder.file("file", pattern(length));
        let response = response::<H>(&client, posting(file(&path, length)));
        assert!(response.into_body() == pattern(length), "{length} bytes");
    }
    assert_eq!(server.connections(), 1);
}

#[executor_test(
    transports,
    hyper = "without `100 Continue`, a small file has left before it changes",
    blocking_hyper = "without `100 Continue`, a small file has left before it changes"
)]
fn file_that_changes_while_it_is_sent_never_arrives_whole<H: Harness>() {
    for length in [0_u64, 70_000, 199_999, 200_001, 1_000_000] {
        let folder = Folder::new();
        let path = folder.file("file", pattern(200_000));
        let changed = path.clone();
        let server = receives_no_whole_request(move || {
            let file = OpenOptions::new().write(true).open(&changed).expect("the file exists");
            file.set_len(length).expect("a file can have this length");
        });
        let fault = fault::<H>(&client::<H>(&server), posting(file(&path, 200_000)));
        assert_eq!((file_error(&fault).kind, fault.sent), (FileErrorKind::Changed, true), "{length} bytes: {fault}");
    }
}

#[executor_test(transports)]
fn file_changed_since_its_measuring_is_never_complete<H: Harness>() {
    let folder = Folder::new();
    let path = folder.file("file", pattern(1_000));
    for measured in [0, 999, 1_001, 100_000] {
        // The client may notice the change before it connects.
        let server = Server::each(|_, mut peer| {
            if let Some(head) = peer.try_head() {
                peer.send(CONTINUE);
                assert!(head.length() > 0 && peer.try_body(head.length()).is_none(), "a whole request");
            }
        });
        let fault = fault::<H>(&client::<H>(&server), posting(file(&path, measured)));
        assert_eq!(file_error(&fault).kind, FileErrorKind::Changed, "{measured} bytes measured: {fault}");
    }
}

#[executor_test(
    transports,
    hyper = "without `100 Continue`, the file may have left before it changes",
    blocking_hyper = "without `100 Continue`, the file may have left before it changes"
)]
fn operation_names_the_file_that_changed<H: Harness>() {
    let folder = Folder::new();
    let path = folder.file("large.log", pattern(200_000));
    let changed = path.clone();
    let server = receives_no_whole_request(move || {
        let file = OpenOptions::new().write(true).open(&changed).expect("the file exists");
        file.set_len(200_004).expect("a file can have this length");
    });
    let client = client::<H>(&server);
    let draft = Draft::text("the log").attach(NewAttachment::file(Upload::from_path(&path)));
    let error = H::wait(client.chats().chat("c1").post(draft)).expect_err("the file has changed");
    assert_eq!(error.kind(), ErrorKind::File);
    assert!(matches!(error.cause(), Cause::Attachment { file, .. } if file == "large.log"), "{error}");
}

#[executor_test(transports)]
fn unreadable_file_is_an_error_before_anything_is_sent<H: Harness>() {
    let (folder, server) = (Folder::new(), Server::each(|_, mut peer| peer.wait_for_end()));
    let client = client::<H>(&server);
    for (path, expected) in
        [(folder.path("none"), FileErrorKind::NotFound), (folder.path(""), FileErrorKind::IsDirectory)]
    {
        let fault = fault::<H>(&client, posting(file(&path, 10)));
        assert_eq!((file_error(&fault).kind, fault.sent), (expected, false), "{fault}");
        let draft = Draft::text("x").attach(NewAttachment::file(Upload::from_path(path).file_name("x")));
        let error = H::wait(client.chats().chat("c1").post(draft)).expect_err("the file cannot be read");
        assert_eq!(error.kind(), ErrorKind::File);
    }
    assert_eq!(server.connections(), 0);
}

#[executor_test(transports)]
fn progress_is_reported_piece_by_piece<H: Harness>() {
    let (folder, server) = (Folder::new(), echo());
    let client = client::<H>(&server);
    let path = folder.file("file", pattern(1_000_000));
    for (body, fewest) in [(file(&path, 1_000_000), 4), (Body::from(pattern(1_000_000)), 2)] {
        let (observer, reported) = observed();
        let response = response::<H>(&client, posting(observed_by(observer, &body)));
        assert_eq!(response.body().len(), 1_000_000);
        let reported: Vec<_> = reported.try_iter().map(|moved| (moved.bytes, moved.total)).collect();
        assert!(reported.len() >= fewest, "{reported:?}");
        assert!(
            reported.is_sorted_by(|a, b| a.0 < b.0) && reported.iter().all(|it| it.1 == Some(1_000_000)),
            "{reported:?}"
        );
        assert_eq!(reported.last(), Some(&(1_000_000, Some(1_000_000))), "the upload is observed, not the response");
    }
}

/// Only Linux reports the number of written bytes that have not been sent.
#[cfg(target_os = "linux")]
#[executor_test(
    transports,
    hyper = "only bytes that the program reads or writes count as activity",
    blocking_hyper = "only bytes that the program reads or writes count as activity"
)]
fn delivery_by_the_system_is_not_inactivity<H: Harness>() {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    use rustix::net::sockopt::set_socket_recv_buffer_size;

    const LENGTH: usize = 4_000_000;
    const PIECE: usize = 100_000;
    /// Far longer than a busy machine delays a thread.
    const LIMIT: Duration = Duration::from_millis(2_500);
    let server = Server::each(|_, mut peer| {
        // The client takes the bytes in this buffer for delivered, so it must not be large. If it were much smaller,
        // the operating system itself would pause.
        set_socket_recv_buffer_size(&peer.stream, 256 << 10).expect("the socket is open");
        let head = peer.head();
        if head.header("expect").is_some() {
            peer.send(CONTINUE);
        }
        for _ in 0..LENGTH / PIECE {
            // The test depends on this pace: the whole body takes twice the timeout, and each piece far less.
            thread::sleep(LIMIT / 20);
            peer.body(PIECE);
        }
        peer.respond(200, "{}");
    });
    let (client, folder) = (client::<H>(&server), Folder::new());
    let path = folder.file("file", pattern(LENGTH));
    thread::scope(|scope| {
        for body in [Body::from(pattern(LENGTH)), file(&path, LENGTH)] {
            let client = &client;
            scope.spawn(move || {
                let begun = Instant::now();
                response::<H>(client, |exchange| {
                    posting(body)(exchange);
                    exchange.timeout = Timeout::Idle(LIMIT);
                });
                assert!(begun.elapsed() > LIMIT, "{:?}", begun.elapsed());
            });
        }
    });
}
