//! Responses that are written to files.

use std::{fs, time::Duration};

use teamwire_core::{
    Client, Config, ErrorKind,
    config::{Limits, RetryPolicy},
    effect::{FileError, FileTarget, Response, TransportError, TransportErrorKind},
    model::{Asset, Download},
};
use teamwire_tests::{executor_test, harness::Harness};

use crate::{
    connections::sends_too_much_once,
    support::{Folder, Peer, Server, ask, client, config, observed, pattern, perform},
};

/// Requests a response that is written to this file at an offset.
fn download<H: Harness>(client: &Client<H::X>, path: &str, offset: u64) -> Result<Response, TransportError> {
    perform::<H>(client, |exchange| exchange.to_file = Some(FileTarget::new(path, offset)))
}

/// An asset of 200,000 bytes.
fn asset() -> Asset {
    Asset::new("a1", "f", "text/plain", 200_000)
}

fn read(path: &str) -> Vec<u8> {
    fs::read(path).expect("the file exists")
}

/// Sends this head, and then the bytes.
fn send(peer: &mut Peer, head: &str, bytes: &[u8]) {
    peer.send(format!("HTTP/1.1 {head}\r\n\r\n"));
    peer.send(bytes);
}

/// The names of the files in a folder.
fn names(folder: &Folder) -> Vec<String> {
    folder.content().into_iter().map(|(name, _)| name).collect()
}

#[executor_test(transports)]
fn response_of_any_form_goes_to_a_file<H: Harness>() {
    for length in [0, 1, 65_536, 300_000] {
        let folder = Folder::new();
        let server = Server::each(move |number, mut peer| {
            let bytes = pattern(length);
            while peer.try_request().is_some() {
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
        // The limit is for responses in memory.
        let limits = Limits { max_response_size: 10, ..Limits::default() };
        let client = H::connect(config(&server.url()).with_limits(limits));
        for _ in 0..5 {
            let path = folder.file("file", "an earlier content, which is longer than some of the new".repeat(10));
            let response = download::<H>(&client, &path, 7).expect("a response");
            assert_eq!((response.status().as_u16(), response.body().len()), (200, 0));
            assert!(read(&path) == pattern(length), "{length} bytes");
        }
        assert_eq!(server.connections(), 4, "the last one is kept");
    }
}

#[executor_test(transports)]
fn connection_with_bytes_left_over_behind_a_file_is_not_used_again<H: Harness>() {
    for length in [10, 40_000] {
        let folder = Folder::new();
        let server = sends_too_much_once(length);
        let client = client::<H>(&server);
        let path = folder.file("file", Vec::new());
        download::<H>(&client, &path, 0).expect("a response");
        assert_eq!(read(&path).len(), length);
        assert_eq!(ask::<H>(&client).expect("a response"), "Example");
    }
}

#[executor_test(transports)]
fn rest_of_a_response_is_appended_to_the_file<H: Harness>() {
    let folder = Folder::new();
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.request();
        send(&mut peer, "206 Partial Content\r\ncontent-length: 3", b"abc");
    });
    let path = folder.file("file", "1234567");
    let response = download::<H>(&client::<H>(&server), &path, 5).expect("a response");
    assert_eq!((response.status().as_u16(), read(&path)), (206, b"12345abc".to_vec()));
}

#[executor_test(transports)]
fn rest_that_exceeds_the_limit_of_its_file_is_refused<H: Harness>() {
    let folder = Folder::new();
    let path = folder.file("file", "12345");
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        peer.request();
        send(&mut peer, "206 Partial Content\r\ncontent-length: 6", b"");
        peer.wait_for_end();
    });
    let client = client::<H>(&server);
    let fault = perform::<H>(&client, |exchange| exchange.to_file = Some(FileTarget::new(&path, 5).limit(10)));
    let fault = fault.expect_err("it would have 11 bytes");
    assert_eq!((fault.kind, fault.received), (TransportErrorKind::TooLarge, 0), "{fault}");
    assert_eq!(read(&path), b"12345");
}

#[executor_test(transports)]
fn body_of_unknown_length_fills_its_file_up_to_the_limit<H: Harness>() {
    for (limit, length) in [(10, 6), (10, 100_000), (100_000, 100_000), (300_000, 400_000)] {
        for is_chunked in [true, false] {
            let folder = Folder::new();
            let path = folder.file("file", "12345");
            let server = Server::script(move |listener| {
                let mut peer = listener.accept();
                peer.request();
                let body = "x".repeat(length);
                if is_chunked {
                    let body = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
                    send(&mut peer, "206 Partial Content\r\ntransfer-encoding: chunked", body.as_bytes());
                } else {
                    send(&mut peer, "206 Partial Content", body.as_bytes());
                }
            });
            let fault = perform::<H>(&client::<H>(&server), |exchange| {
                exchange.to_file = Some(FileTarget::new(&path, 5).limit(limit));
            });
            let fault = fault.expect_err("it is too large");
            assert_eq!((fault.kind, fault.received), (TransportErrorKind::TooLarge, limit - 5), "{fault}");
            let written = read(&path);
            assert!(written.starts_with(b"12345x") && written.len() as u64 == limit, "{} bytes", written.len());
        }
    }
}

#[executor_test(transports)]
fn body_that_exceeds_the_limit_of_its_file_is_too_large_even_if_it_is_cut<H: Harness>() {
    // Within a buffer, and behind several.
    for limit in [10, 100_000, 1_000_000] {
        for excess in [1, 5_000] {
            let folder = Folder::new();
            let path = folder.file("file", "");
            let server = Server::script(move |listener| {
                let mut peer = listener.accept();
                peer.request();
                let chunk = format!("{:x}\r\n{}", limit + excess + 1, "x".repeat(limit + excess));
                send(&mut peer, "200 OK\r\ntransfer-encoding: chunked", chunk.as_bytes());
            });
            let fault = perform::<H>(&client::<H>(&server), |exchange| {
                exchange.to_file = Some(FileTarget::new(&path, 0).limit(limit as u64));
            });
            let fault = fault.expect_err("it is too large and cut");
            assert_eq!((fault.kind, fault.received), (TransportErrorKind::TooLarge, limit as u64), "{fault}");
            assert_eq!(read(&path).len(), limit);
        }
    }
}

#[executor_test(transports)]
fn response_other_than_success_goes_to_memory<H: Harness>() {
    for status in [201, 302, 404, 416, 500] {
        let folder = Folder::new();
        let server = Server::script(move |listener| {
            listener.accept().serve(status, "{}");
        });
        let response = download::<H>(&client::<H>(&server), &folder.path("none"), 0).expect("a response");
        assert_eq!((response.status().as_u16(), response.body().as_slice()), (status, &b"{}"[..]));
        assert_eq!(folder.content(), []);
    }
}

#[executor_test(transports)]
fn bytes_before_a_cut_are_in_the_file_and_reported<H: Harness>() {
    for cut in [0, 1, 65_536, 150_000] {
        let folder = Folder::new();
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            peer.request();
            send(&mut peer, "200 OK\r\netag: \"v1\"\r\ncontent-length: 150001", &pattern(cut));
        });
        let path = folder.file("file", "");
        let fault = download::<H>(&client::<H>(&server), &path, 0).expect_err("it is cut");
        assert_eq!((fault.kind, fault.received), (TransportErrorKind::Disconnected, cut as u64));
        assert!(read(&path) == pattern(cut), "{cut} bytes");
        let head = fault.head.expect("the head had arrived");
        assert_eq!((head.status().as_u16(), head.headers()["etag"].as_bytes()), (200, &b"\"v1\""[..]));
    }
}

#[executor_test(transports)]
fn unwritable_file_is_an_error_with_its_path<H: Harness>() {
    let folder = Folder::new();
    let server = Server::each(|_, mut peer| {
        peer.request();
        send(&mut peer, "200 OK\r\ncontent-length: 100000", &pattern(100_000));
        peer.wait_for_end();
    });
    let client = client::<H>(&server);
    let mut paths = vec![folder.path("no folder/file")];
    paths.extend(cfg!(target_os = "linux").then(|| "/dev/full".to_owned()));
    for path in paths {
        let fault = download::<H>(&client, &path, 0).expect_err("it cannot be written");
        assert_eq!((fault.kind, fault.received), (TransportErrorKind::File, 0), "{path}: {fault}");
        assert!(fault.source.downcast_ref::<FileError>().is_some_and(|error| error.path == path), "{fault}");
        assert_eq!(fault.head.expect("the head had arrived").status(), 200);
    }
}

/// Options with retries that take no time.
fn with_retries(server: &Server) -> Config {
    let policy = RetryPolicy { max_retries: 2, initial_backoff: Duration::ZERO, ..RetryPolicy::default() };
    config(&server.url()).with_retry(policy)
}

const LENGTH: usize = 200_000;
/// Number of bytes before each cut.
const PART: usize = 70_000;

/// Sends one part of a file with this version, from the byte `from`, and closes the connection.
fn send_part(peer: &mut Peer, version: &str, from: usize, bytes: &[u8]) {
    let left = bytes.len() - from;
    let range = format!("content-range: bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
    let head = if from == 0 { "200 OK".to_owned() } else { format!("206 OK\r\n{range}") };
    let part = &bytes[from..(from + PART).min(bytes.len())];
    send(peer, &format!("{head}\r\netag: {version}\r\ncontent-length: {left}"), part);
}

#[executor_test(transports)]
fn download_resumes_where_it_was_cut<H: Harness>() {
    let folder = Folder::new();
    let server = Server::each(|number, mut peer| {
        let request = peer.request();
        let from = number * PART;
        let range = (from > 0).then(|| format!("bytes={from}-"));
        assert_eq!(request.header("range"), range.as_deref());
        assert_eq!(request.header("if-range"), range.map(|_| "\"v1\""));
        send_part(&mut peer, "\"v1\"", from, &pattern(LENGTH));
    });
    let client = H::connect(with_retries(&server));
    let path = folder.path("file");
    let (observer, reported) = observed();
    let download = Download::new(&asset()).on_progress(observer);
    H::wait(client.chats().download_to(download, path.as_str())).expect("the whole file");
    assert!(read(&path) == pattern(LENGTH));
    assert_eq!((names(&folder), server.connections()), (vec!["file".to_owned()], 3));
    let reported: Vec<_> = reported.try_iter().map(|moved| (moved.bytes, moved.total)).collect();
    assert!(reported.is_sorted_by(|a, b| a.0 < b.0) && reported.iter().all(|it| it.1 == Some(200_000)), "{reported:?}");
    assert_eq!(reported.last(), Some(&(200_000, Some(200_000))));
}

#[executor_test(transports)]
fn download_of_a_changed_file_starts_again<H: Harness>() {
    let folder = Folder::new();
    let server = Server::each(|number, mut peer| {
        let request = peer.request();
        match number {
            0 => send_part(&mut peer, "\"v1\"", 0, &pattern(LENGTH)),
            // The rest of the first version is requested, but the server has another version.
            1 => {
                assert_eq!(request.header("if-range"), Some("\"v1\""));
                send_part(&mut peer, "\"v2\"", 0, &vec![2; LENGTH]);
            }
            _ => {
                assert_eq!(request.header("if-range"), Some("\"v2\""));
                send_part(&mut peer, "\"v2\"", (number - 1) * PART, &vec![2; LENGTH]);
            }
        }
    });
    let client = H::connect(with_retries(&server));
    let path = folder.file("file", "an earlier content");
    H::wait(client.chats().download_to(&asset(), path.as_str())).expect("the whole file");
    assert!(read(&path) == vec![2; LENGTH]);
    assert_eq!((names(&folder), server.connections()), (vec!["file".to_owned()], 4));
}

#[executor_test(transports)]
fn failed_download_leaves_the_earlier_file_and_no_other<H: Harness>() {
    let folder = Folder::new();
    let server = Server::each(|number, mut peer| {
        peer.request();
        if number == 0 {
            send(&mut peer, "200 OK\r\ncontent-length: 10", b"1234");
        }
    });
    let client = client::<H>(&server);
    let path = folder.file("file", "an earlier content");
    let error = H::wait(client.chats().download_to(&asset(), path.as_str())).expect_err("it is cut");
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert_eq!(folder.content(), [("file".to_owned(), b"an earlier content".to_vec())]);
}
