//! Connections that are kept for the next exchange, or not.

use std::{
    sync::{Mutex, mpsc},
    time::Duration,
};

use async_std::task;
use teamwire_async_std::{
    effect::{FileTarget, Progress},
    machine::Reply,
};
use teamwire_test_support::{Folder, Server, attempt, config, pattern};

use crate::support::me;

#[test]
fn connection_whose_end_was_read_behind_a_file_is_not_used_again() {
    // More than the input buffer holds, so that the rest bypasses it.
    const LENGTH: usize = 40_000;
    let ((ended, has_ended), (checked, is_checked)) = (mpsc::channel(), mpsc::channel());
    let server = Server::script(move |listener| {
        let mut peer = listener.accept();
        peer.request();
        peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n"));
        peer.send(pattern(LENGTH));
        peer.end_sending();
        ended.send(()).expect("the test waits");
        checked.send(peer.try_request().is_none()).expect("the test waits");
        let mut peer = listener.accept();
        peer.request();
        peer.send(me());
    });
    let client = teamwire_async_std::client(config(&server.url())).expect("the configuration is valid");
    let folder = Folder::new();
    let path = folder.file("file", Vec::new());
    // The end has arrived before the rest of the file is read.
    let has_ended = Mutex::new(Some(has_ended));
    let wait = Progress::new(move |_| {
        if let Some(has_ended) = has_ended.lock().expect("nothing panics with it").take() {
            has_ended.recv().expect("the server ends it");
        }
    });
    let reply = task::block_on(attempt(&client, |exchange| {
        exchange.to_file = Some(FileTarget::new(path, 0));
        exchange.progress = Some(wait);
    }));
    assert!(matches!(reply.expect("it is one exchange"), Reply::Response(response) if response.status() == 200));
    // It may reuse a connection without a check.
    let reply = task::block_on(attempt(&client, |exchange| exchange.replaces_stale_connection = true));
    assert_eq!(is_checked.recv_timeout(Duration::from_secs(30)), Ok(true), "a second request over the connection");
    match reply.expect("it is one exchange") {
        Reply::Response(response) => assert_eq!(response.status(), 200),
        reply => panic!("no response: {reply:?}"),
    }
}
