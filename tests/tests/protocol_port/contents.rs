//! Downloads from a server that reports an expired login by a successful response.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use teamwire_core::{
    Client, Error, ErrorKind,
    config::RetryPolicy,
    model::Asset,
    script::{Expect, Respond},
};
use teamwire_test_support::{Folder, Peer, Server, config, pattern};
use teamwire_tests::{executor_test, harness::Harness};

use crate::{
    plain::{WITH_LOGIN, expect_login, script, token},
    support::{FIRST, SECOND},
};

const LENGTH: usize = 40_000;
const HALF: usize = LENGTH / 2;

fn asset() -> Asset {
    Asset::new("a1", "plan.pdf", "application/pdf", LENGTH as u64)
}

/// A response with status 200 that says, in its head, that the login has expired.
fn login_page(length: usize) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nx-login-page: 1\r\ncontent-length: {length}\r\n\r\n");
    [head.into_bytes(), vec![b'x'; length]].concat()
}

/// The same, recognised by its body alone.
fn expired_json() -> Vec<u8> {
    let body = json!({ "kind": "auth", "expired": true }).to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// Serves the file to the second session. The first gets half of it, if it `is_interrupted`, and then this page.
fn serve(peer: &mut Peer, logins: &AtomicUsize, gets: &AtomicUsize, is_interrupted: bool, page: &[u8]) {
    let content = pattern(LENGTH);
    while let Some(request) = peer.try_request() {
        if request.line().starts_with("POST /login") {
            let text = if logins.fetch_add(1, Ordering::SeqCst) == 0 { FIRST } else { SECOND };
            peer.respond(200, &json!({ "token": text }).to_string());
            continue;
        }
        let head = "content-type: application/pdf\r\netag: \"v1\"";
        let number = gets.fetch_add(1, Ordering::SeqCst);
        if request.header("cookie") == Some(format!("session={SECOND}").as_str()) {
            let start = if request.header("range").is_some() { HALF } else { 0 };
            let range = format!("content-range: bytes {start}-{}/{LENGTH}", LENGTH - 1);
            let status = if start == 0 { "200 OK".to_owned() } else { format!("206 Partial Content\r\n{range}") };
            peer.send(format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n", LENGTH - start));
            peer.send(&content[start..]);
        } else if is_interrupted && number == 0 {
            peer.send(format!("HTTP/1.1 200 OK\r\n{head}\r\ncontent-length: {LENGTH}\r\n\r\n"));
            peer.send(&content[..HALF]);
            return;
        } else {
            peer.send(page);
        }
    }
}

/// Downloads the file from such a server, into memory or to a file. Returns the content and the number of logins.
fn download<H: Harness>(to_file: bool, is_interrupted: bool, page: Vec<u8>) -> (Result<Vec<u8>, Error>, usize) {
    let (logins, gets) = (Arc::<AtomicUsize>::default(), AtomicUsize::new(0));
    let server = {
        let logins = Arc::clone(&logins);
        Server::each(move |_, mut peer| serve(&mut peer, &logins, &gets, is_interrupted, &page))
    };
    let moment = Duration::from_millis(1);
    let retry = RetryPolicy { initial_backoff: moment, max_backoff: moment, ..RetryPolicy::default() };
    let client = H::connect(config(&server.url()).with_protocol(WITH_LOGIN).with_retry(retry));
    let folder = Folder::new();
    let content = if to_file {
        let path = folder.path("plan.pdf");
        let done = H::wait(client.chats().download_to(&asset(), path.as_str()));
        done.map(|()| std::fs::read(path).expect("it was written"))
    } else {
        H::wait(client.chats().download(&asset()))
    };
    drop(client);
    drop(server);
    let logins = logins.load(Ordering::SeqCst);
    (content, logins)
}

#[executor_test(adapters)]
fn page_in_place_of_a_file_renews_the_login<H: Harness>() {
    for (to_file, is_interrupted, page) in [
        (false, false, expired_json()),
        (false, false, login_page(100)),
        (true, false, login_page(100)),
        (true, false, login_page(0)),
        // More than the file may have.
        (true, false, login_page(LENGTH + 1)),
        // The page must not become a part of the file.
        (true, true, login_page(100)),
        (true, true, login_page(HALF)),
    ] {
        let case = format!("{to_file} {is_interrupted} {}", page.len());
        let (content, logins) = download::<H>(to_file, is_interrupted, page);
        assert!(content.unwrap_or_else(|error| panic!("{case}: {error:?}")) == pattern(LENGTH), "{case}");
        assert_eq!(logins, 2, "{case}");
    }
}

#[executor_test(adapters)]
fn page_that_the_protocol_does_not_recognise_is_unexpected<H: Harness>() {
    let page = String::from_utf8(login_page(100)).expect("it is text").replace("x-login-page", "x-other");
    for to_file in [false, true] {
        let (content, logins) = download::<H>(to_file, false, page.clone().into_bytes());
        let error = content.expect_err("it is not the file");
        assert_eq!((error.kind(), logins), (ErrorKind::UnexpectedResponse, 1), "{error:?}");
    }
}

#[test]
fn refusal_in_place_of_a_file_is_the_error() {
    let script = script(WITH_LOGIN)
        .then(expect_login(), token(FIRST))
        .then(Expect::get("/files/a1"), Respond::json(200, json!({ "kind": "auth", "text": "not for bots" })));
    let error = Client::new(script.clone()).chats().download(&asset()).expect_err("it is refused");
    assert_eq!(error.kind(), ErrorKind::Auth, "{error:?}");
    assert!(format!("{error:#}").contains("not for bots"), "{error:#}");
    script.assert_done();
}
