//! The login over sockets.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use teamwire_core::{ErrorKind, script::sample};
use teamwire_test_support::{Peer, Server, config};
use teamwire_tests::{TokenProtocol, executor_test, harness::Harness};

const CLONES: usize = 64;

/// Counts of a server whose token expires after a number of posts.
#[derive(Debug, Default)]
struct Counts {
    logins: AtomicUsize,
    posts: AtomicUsize,
    refused: AtomicUsize,
}

impl Counts {
    fn serve(&self, mut peer: Peer, expires_after: usize) {
        while let Some(request) = peer.try_request() {
            if request.line().starts_with("POST /session ") {
                let number = self.logins.fetch_add(1, Ordering::SeqCst) + 1;
                peer.respond(200, &TokenProtocol::token(&format!("token-number-{number}")).to_string());
                continue;
            }
            let posts = self.posts.load(Ordering::SeqCst);
            let valid = if posts < expires_after { "Bearer token-number-1" } else { "Bearer token-number-2" };
            let token = request.header("authorization").expect("no request is sent without a token");
            if token == valid {
                self.posts.fetch_add(1, Ordering::SeqCst);
                peer.respond(201, &sample::message("m1", "c1", "hello").to_string());
            } else {
                self.refused.fetch_add(1, Ordering::SeqCst);
                peer.respond(401, &format!(r#"{{"code": "{}"}}"#, TokenProtocol::EXPIRED));
            }
        }
    }
}

/// Posts from this number of threads at once, each with a clone of the client.
fn post_at_once<H: Harness>(expires_after: usize) -> Arc<Counts> {
    let counts = Arc::new(Counts::default());
    let server = {
        let counts = Arc::clone(&counts);
        Server::each(move |_, peer| counts.serve(peer, expires_after))
    };
    let client = H::connect(config(&server.url()).with_protocol(TokenProtocol::default()));
    let start = Barrier::new(CLONES);
    thread::scope(|scope| {
        for _ in 0..CLONES {
            let client = client.clone();
            let start = &start;
            scope.spawn(move || {
                start.wait();
                H::wait(client.chats().chat("c1").post("hello")).unwrap_or_else(|error| panic!("{error:?}"));
            });
        }
    });
    drop(client);
    drop(server);
    counts
}

#[executor_test(adapters)]
fn clones_log_in_once<H: Harness>() {
    let counts = post_at_once::<H>(usize::MAX);
    assert_eq!(counts.logins.load(Ordering::SeqCst), 1);
    assert_eq!(counts.posts.load(Ordering::SeqCst), CLONES);
}

#[executor_test(adapters)]
fn failed_login_is_not_repeated_by_the_next_operations<H: Harness>() {
    for (head, kind) in [
        ("429 Too Many Requests\r\nretry-after: 3600", ErrorKind::RateLimited),
        ("401 Unauthorized", ErrorKind::Auth),
        ("403 Forbidden", ErrorKind::Auth),
    ] {
        let logins = Arc::new(AtomicUsize::new(0));
        let server = {
            let logins = Arc::clone(&logins);
            Server::each(move |_, mut peer| {
                while peer.try_request().is_some() {
                    logins.fetch_add(1, Ordering::SeqCst);
                    peer.send(format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n"));
                }
            })
        };
        let client = H::connect(config(&server.url()).with_protocol(TokenProtocol::default()));
        for _ in 0..20 {
            let error = H::wait(client.chats().chat("c1").post("hello")).expect_err("the login fails");
            assert_eq!((error.kind(), error.outcome_unknown()), (kind, false), "{head}");
        }
        drop(client);
        drop(server);
        assert_eq!(logins.load(Ordering::SeqCst), 1, "{head}");
    }
}

#[executor_test(adapters)]
fn forbidden_operation_costs_one_login_and_the_others_none<H: Harness>() {
    // The server reports what is forbidden as it reports an expired token.
    let logins = Arc::new(AtomicUsize::new(0));
    let server = {
        let logins = Arc::clone(&logins);
        Server::each(move |_, mut peer| {
            while let Some(request) = peer.try_request() {
                if request.line().starts_with("POST /session ") {
                    let number = logins.fetch_add(1, Ordering::SeqCst) + 1;
                    peer.respond(200, &TokenProtocol::token(&format!("token-number-{number}")).to_string());
                } else if request.line().contains("forbidden") {
                    peer.respond(401, &format!(r#"{{"code": "{}"}}"#, TokenProtocol::EXPIRED));
                } else {
                    peer.respond(201, &sample::message("m1", "c1", "hello").to_string());
                }
            }
        })
    };
    let client = H::connect(config(&server.url()).with_protocol(TokenProtocol::default()));
    let post = |tid: &str| H::wait(client.chats().chat(tid).post("hello")).map(drop);
    for _ in 0..5 {
        post("c1").expect("it is posted");
        assert_eq!(post("forbidden").expect_err("it is refused").kind(), ErrorKind::Auth);
        post("c1").expect("it is posted");
    }
    drop(client);
    drop(server);
    assert_eq!(logins.load(Ordering::SeqCst), 1 + 5);
}

#[executor_test(adapters)]
fn expired_login_is_renewed_once_for_all_clones<H: Harness>() {
    let counts = post_at_once::<H>(CLONES / 2);
    assert_eq!(counts.logins.load(Ordering::SeqCst), 2);
    assert!((1..=CLONES).contains(&counts.refused.load(Ordering::SeqCst)), "{counts:?}");
}
