//! Streams that transfer few bytes at once, or are never pending; and the number of writes and timers of an exchange.

use std::{
    pin::Pin,
    sync::atomic::Ordering,
    task::{Context, Waker},
    time::Duration,
};

use async_std::task;
use teamwire_async_std::{
    config::Limits,
    effect::{Body, FileTarget, Part, Timeout, TransportErrorKind},
    script::sample,
};
use teamwire_test_support::{Authority, Folder, Peer, Rng, Server, config, pattern, response};

use crate::support::{Canned, Fits, Probe, ask, client, me, perform};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// Returns responses with the bot's user, in several forms.
fn forms() -> Vec<String> {
    let body = sample::bot().to_string();
    let chunked = |size: usize| {
        let chunks = body.as_bytes().chunks(size);
        let chunks = chunks.map(|it| format!("{:x};ext=1\r\n{}\r\n", it.len(), String::from_utf8_lossy(it)));
        format!("{CHUNKED}{}0\r\ntrailer: x\r\n\r\n", chunks.collect::<String>())
    };
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    vec![me(), chunked(1), chunked(50), chunked(5_000), format!("{interim}{}", me())]
}

#[test]
fn requests_and_responses_pass_the_narrowest_stream() {
    for form in forms() {
        let server = Server::always(form);
        let probe = Probe { fits: Fits::Bytes(1), ..Probe::default() };
        let client = probe.client(config(&server.url()));
        for _ in 0..2 {
            assert_eq!(ask(&client).expect("a response"), "Example");
        }
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn download_passes_a_narrow_stream() {
    let folder = Folder::new();
    let server = Server::each(|_, mut peer| {
        while peer.try_request().is_some() {
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
            peer.send(pattern(100_000));
        }
    });
    let probe = Probe { fits: Fits::Bytes(333), ..Probe::default() };
    let client = probe.client(config(&server.url()));
    let path = folder.file("new", "");
    perform(&client, |exchange| exchange.to_file = Some(FileTarget::new(&path, 0))).expect("a response");
    assert!(std::fs::read(&path).expect("it is there") == pattern(100_000));
}

/// Echoes each body, after `100 Continue` if the client expects that.
fn echo<S: std::io::Read + std::io::Write>(mut peer: Peer<S>) {
    while let Some(head) = peer.try_head() {
        if head.header("expect").is_some() {
            peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        }
        let body = peer.body(head.length());
        peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()));
        peer.send(body);
    }
}

#[test]
fn file_passes_a_narrow_stream_with_and_without_tls() {
    const LENGTH: usize = 200_000;
    let (folder, authority) = (Folder::new(), Authority::new("a private CA"));
    let settings = authority.server("localhost");
    let plain = Server::each(|_, peer| echo(peer));
    let server = Server::each(move |_, peer| echo(peer.secure(&settings)));
    let probe = Probe { fits: Fits::Bytes(700), addresses: vec![server.address], ..Probe::default() };
    let secure = config(&server.https("localhost")).with_root_certificates_pem(authority.pem());
    for options in [config(&plain.url()), secure] {
        let client = probe.client(options);
        let path = folder.file("file", pattern(LENGTH));
        for _ in 0..2 {
            let response = perform(&client, |exchange| {
                *exchange.request.method_mut() = http::Method::POST;
                *exchange.request.body_mut() = Part::file(&path, LENGTH as u64).into();
            });
            assert!(response.expect("a response").into_body() == pattern(LENGTH));
        }
    }
    assert_eq!((plain.connections(), server.connections()), (1, 1));
}

#[test]
fn request_leaves_in_one_write() {
    let server = Server::always(response(201, &sample::message("m", "c1", "x").to_string()));
    let probe = Probe::default();
    let client = probe.client(config(&server.url()));
    for _ in 0..3 {
        task::block_on(client.chats().chat("c1").post("x".repeat(1_000))).expect("it is posted");
    }
    let writes = probe.writes();
    assert_eq!(writes.len(), 3, "{writes:?}");
    assert!(writes.iter().all(|&bytes| bytes > 1_000), "{writes:?}");
}

#[test]
fn request_over_tls_leaves_in_one_write() {
    let authority = Authority::new("a private CA");
    let server = Server::always_over_tls(authority.server("localhost"), me());
    let probe = Probe { addresses: vec![server.address], ..Probe::default() };
    let client = probe.client(config(&server.https("localhost")).with_root_certificates_pem(authority.pem()));
    for requests in 1..=4 {
        ask(&client).expect("a response");
        // One more write for the handshake, whose end is sent with the first request.
        assert_eq!(probe.writes().len(), requests + 1, "{:?}", probe.writes());
    }
}

#[test]
fn timer_is_not_set_for_every_request() {
    let server = Server::always(me());
    let probe = Probe::default();
    let client = probe.client(config(&server.url()));
    for _ in 0..20 {
        ask(&client).expect("a response");
        // Also with a task for each.
        let client = client.clone();
        task::block_on(task::spawn(async move { client.contacts().me().await })).expect("a response");
    }
    // One for connecting to an address, at most, and one for the responses; a machine that is held up may need another.
    assert!(probe.sleeps() <= 3, "{} timers for 40 requests", probe.sleeps());
}

#[test]
fn announced_file_is_sent_for_the_100_and_not_for_the_time() {
    const LENGTH: usize = 200_000;
    let folder = Folder::new();
    let path = folder.file("file", pattern(LENGTH));
    for interim in ["", "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n"] {
        let server = Server::each(move |_, mut peer| {
            let Some(head) = peer.try_head() else { return };
            peer.send(interim);
            peer.send("HTTP/1.1 100 Continue\r\nserver: x\r\nlink: a\r\n b\r\n\r\n");
            peer.body(head.length());
            peer.respond(200, "{}");
        });
        // No timer fires here.
        let probe = Probe { is_timeless: true, ..Probe::default() };
        let response = perform(&probe.client(config(&server.url())), |exchange| {
            *exchange.request.method_mut() = http::Method::POST;
            *exchange.request.body_mut() = Part::file(&path, LENGTH as u64).into();
        });
        assert_eq!(response.expect("a response").status(), 200);
    }
}

#[test]
fn timeout_names_its_phase() {
    for (begin, reads, phase) in [
        ("", true, "waiting for the response"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n1234", true, "receiving the response"),
        ("", false, "sending the request"),
    ] {
        let (over, is_over) = std::sync::mpsc::channel::<()>();
        let server = Server::script(move |listener| {
            let mut peer = listener.accept();
            if reads {
                peer.try_request();
                peer.send(begin);
            }
            is_over.recv().expect_err("the test drops the other end");
        });
        let result = perform(&client(&server), |exchange| {
            exchange.timeout = Timeout::Total(Duration::from_millis(500));
            if !reads {
                *exchange.request.method_mut() = http::Method::POST;
                *exchange.request.body_mut() = Body::from(vec![0; 50_000_000]);
            }
        });
        drop(over);
        let error = result.expect_err("the time runs out");
        assert!(error.to_string().contains(phase), "{error}");
    }
}

#[test]
fn wait_for_a_thread_that_opens_the_files_ends_in_time() {
    let (folder, server) = (Folder::new(), Server::always(me()));
    let path = folder.file("report.pdf", pattern(1_000));
    let probe = Probe { is_busy: true, ..Probe::default() };
    let error = perform(&probe.client(config(&server.url())), |exchange| {
        exchange.timeout = Timeout::Idle(Duration::from_millis(100));
        *exchange.request.method_mut() = http::Method::POST;
        *exchange.request.body_mut() = Part::file(&path, 1_000).into();
    })
    .expect_err("no thread opens it");
    assert!(error.kind == TransportErrorKind::Timeout && !error.sent, "{error}");
    assert!(error.to_string().contains("opening the files"), "{error}");
}

#[test]
fn early_response_ends_a_sending_that_never_has_to_wait() {
    let runtime = Canned::new("HTTP/1.1 413 Too Large\r\ncontent-length: 4\r\n\r\nless");
    let client =
        teamwire_async_std::client_on(runtime.clone(), config("http://127.0.0.1:1")).expect("the options are valid");
    let response = perform(&client, |exchange| {
        *exchange.request.method_mut() = http::Method::POST;
        *exchange.request.body_mut() = Body::from(vec![0; 30_000_000]);
    });
    assert_eq!(response.expect("a response").into_body(), b"less");
    assert!(runtime.written.load(Ordering::SeqCst) < 100_000);
}

#[test]
fn flood_leaves_the_thread_to_other_tasks() {
    let canned = Canned { again_from: Some(CHUNKED.len()), ..Canned::new(format!("{CHUNKED}1\r\nx\r\n")) };
    let client = teamwire_async_std::client_on(canned, config("http://127.0.0.1:1")).expect("the options are valid");
    let mut asking = client.contacts().me();
    // It would be ready, with too many bytes, if it did not return before the flood ends.
    assert!(is_pending(asking.as_mut()));
}

/// Polls this once. Returns whether it is pending.
fn is_pending(future: Pin<&mut (impl Future + ?Sized)>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[test]
fn requests_at_once_are_all_sent_before_a_response_is_read() {
    let canned = Canned { again_from: Some(CHUNKED.len()), ..Canned::new(format!("{CHUNKED}1\r\nx\r\n")) };
    let client =
        teamwire_async_std::client_on(canned.clone(), config("http://127.0.0.1:1")).expect("the options are valid");
    let counts = || (canned.written.load(Ordering::SeqCst), canned.reads.load(Ordering::SeqCst));

    let (mut first, mut second) = (client.contacts().me(), client.contacts().me());
    assert!(is_pending(first.as_mut()));
    let (written, reads) = counts();
    assert!(written > 0 && reads > 0, "a request without others is sent, and its response read, at once");
    assert!(is_pending(second.as_mut()));
    assert_eq!(counts(), (2 * written, reads));
    assert!(is_pending(second.as_mut()));
    assert!(counts().1 > reads);
}

const LIMIT: usize = 5_000;
const CASES: usize = 2_000;

/// Pieces from which valid and invalid responses are made.
const PIECES: [&str; 24] = [
    "\r\n",
    "\r\n\r\n",
    "\r",
    "\n",
    "0\r\n\r\n",
    "5\r\nhello\r\n",
    "fffffffffffffff\r\n",
    "-1",
    "0",
    "1",
    " ",
    ":",
    ";x=y",
    "HTTP/1.1 ",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "content-length: 5\r\n",
    "Content-Length: 18446744073709551615\r\n",
    "transfer-encoding: chunked\r\n",
    "connection: close\r\n",
    "\0",
    "\u{ff}",
];

#[test]
fn no_response_makes_the_engine_panic_hang_or_exceed_its_limit() {
    let bot = sample::bot().to_string();
    let seeds = [
        response(200, &bot),
        format!("{CHUNKED}{:x}\r\n{bot}\r\n0\r\na: b\r\n\r\n", bot.len()),
        format!("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.0 200 OK\r\n\r\n{bot}"),
        String::new(),
    ];
    let mut rng = Rng::new(1);
    let mut whole = 0;
    for _ in 0..CASES {
        let mut bytes = seeds[rng.index(seeds.len())].clone().into_bytes();
        for _ in 0..rng.index(4) {
            let (at, piece) = (rng.index(bytes.len() + 1), PIECES[rng.index(PIECES.len())]);
            match rng.index(4) {
                0 => bytes.truncate(at),
                1 => {
                    let many = piece.len() * (1 + rng.index(40));
                    bytes.splice(at..at, piece.bytes().cycle().take(many)).for_each(drop);
                }
                2 => bytes.splice(at..bytes.len().min(at + piece.len()), piece.bytes()).for_each(drop),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << rng.index(8)),
            }
        }
        let runtime = Canned { piece: 1 + rng.index(300), ..Canned::new(bytes) };
        let limits = Limits { max_response_size: LIMIT as u64, ..Limits::default() };
        let client = teamwire_async_std::client_on(runtime, config("http://127.0.0.1:1").with_limits(limits));
        if let Ok(response) = perform(&client.expect("the options are valid"), |_| {}) {
            assert!(response.body().len() <= LIMIT);
            whole += 1;
        }
    }
    assert!((CASES / 20..CASES * 19 / 20).contains(&whole), "the cases test little: {whole} of {CASES} are responses");
}
