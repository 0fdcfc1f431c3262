//! Connections are used again, and the ones that cannot be are replaced.

use std::{
    net::Shutdown,
    sync::{Barrier, Mutex, mpsc},
    time::Duration,
};

use async_std::task;
use teamwire_async_std::{Body, ErrorKind, Fault, FaultKind, Limits, RetryPolicy, script::sample};

use crate::support::{Probe, Server, always, answer, ask, client, config, fault, me, perform};

#[test]
fn requests_share_a_connection() {
    let server = always(me());
    let client = client(&server);
    for _ in 0..5 {
        assert_eq!(ask(&client).expect("an answer"), "Example");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn requests_at_once_have_a_connection_each_and_leave_them_to_the_next() {
    let server = Server::start(|_, mut peer| {
        while let Some(request) = peer.request() {
            let body = String::from_utf8(request.body).expect("JSON");
            let text = body.split('"').nth(3).expect("a text");
            peer.send(answer(201, &sample::message("m", "c1", text).to_string()));
        }
    });
    let client = client(&server);
    for round in 0..3 {
        let posts = (0..8).map(|number| {
            let client = client.clone();
            task::spawn(async move {
                let text = format!("{round}/{number}");
                let posted = client.chats().chat("c1").post(text.as_str()).await.expect("an answer");
                assert_eq!(posted.text.as_deref(), Some(text.as_str()), "the answer to another request");
            })
        });
        let posts: Vec<_> = posts.collect();
        task::block_on(async {
            for post in posts {
                post.await;
            }
        });
    }
    assert!((1..=8).contains(&server.connections()), "{}", server.connections());
}

#[test]
fn no_more_connections_are_kept_than_the_limit_says() {
    const AT_ONCE: usize = 4;
    // Nobody is answered before all have asked.
    let all_asked = Barrier::new(AT_ONCE);
    let server = Server::start(move |_, mut peer| {
        while peer.request().is_some() {
            all_asked.wait();
            peer.send(me());
        }
    });
    let limits = Limits { idle_connections: 1, ..Limits::default() };
    let client = teamwire_async_std::client(config(&server.url()).with_limits(limits)).expect("options that work");
    for connections in [AT_ONCE, 2 * AT_ONCE - 1, 3 * AT_ONCE - 2] {
        let asking = (0..AT_ONCE).map(|_| {
            let client = client.clone();
            task::spawn(async move { client.contacts().me().await })
        });
        for asked in asking.collect::<Vec<_>>() {
            task::block_on(asked).expect("an answer");
        }
        assert_eq!(server.connections(), connections);
    }
}

#[test]
fn a_connection_that_failed_is_not_used_again() {
    let server = Server::start(|number, mut peer| {
        while peer.request().is_some() {
            peer.send(if number == 0 { "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n".to_owned() } else { me() });
        }
    });
    let client = client(&server);
    assert_eq!(fault(&client).kind, FaultKind::Protocol);
    assert_eq!(ask(&client).expect("an answer"), "Example");
    assert_eq!(server.connections(), 2);
}

#[test]
fn head_and_body_leave_in_one_write() {
    let server = always(answer(201, &sample::message("m", "c1", "x").to_string()));
    let probe = Probe::default();
    let client = probe.client(config(&server.url()));
    for _ in 0..3 {
        task::block_on(client.chats().chat("c1").post("x".repeat(1_000))).expect("an answer");
    }
    let writes = probe.writes();
    assert_eq!(writes.len(), 3, "{writes:?}");
    assert!(writes.iter().all(|&bytes| bytes > 1_000), "{writes:?}");
}

#[test]
fn a_large_body_arrives_whole() {
    let server = Server::start(|_, mut peer| {
        while let Some(request) = peer.request() {
            let sum: u64 = request.body.iter().map(|&byte| u64::from(byte)).sum();
            peer.send(answer(200, &format!("{} {sum}", request.body.len())));
        }
    });
    let client = client(&server);
    for length in [16_000_usize, 16_384, 20_000, 5_000_000] {
        let body: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).expect("small")).collect();
        let sum: u64 = body.iter().map(|&byte| u64::from(byte)).sum();
        let response = perform(&client, |exchange| {
            *exchange.request.method_mut() = http::Method::PUT;
            *exchange.request.body_mut() = Body::from(body);
        });
        assert_eq!(response.expect("an answer").into_body(), format!("{length} {sum}").into_bytes());
    }
    assert_eq!(server.connections(), 1);
}

/// A server that hangs up, or speaks, when nobody expects it. `true` is sent once it has done so.
fn ends_the_first_connection(last_words: &'static str) -> (Server, mpsc::Receiver<()>) {
    let (done, is_done) = mpsc::channel();
    let done = Mutex::new(done);
    let server = Server::start(move |number, mut peer| {
        while peer.request().is_some() {
            peer.send(me());
            if number == 0 {
                peer.send(last_words);
                if last_words.is_empty() {
                    peer.stream.shutdown(Shutdown::Both).expect("it is open");
                }
                done.lock().expect("nobody panicked").send(()).expect("the test waits");
            }
        }
    });
    (server, is_done)
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_replaced_unnoticed() {
    let (server, is_done) = ends_the_first_connection("");
    let client = client(&server);
    perform(&client, |_| {}).expect("an answer");
    is_done.recv().expect("the server closes it");
    perform(&client, |_| {}).expect("an answer at the first attempt");
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_connection_on_which_the_server_speaks_unasked_is_not_used() {
    let (server, is_done) = ends_the_first_connection("HTTP/1.1 408 Too Late\r\ncontent-length: 0\r\n\r\n");
    let client = client(&server);
    perform(&client, |_| {}).expect("an answer");
    is_done.recv().expect("the server speaks");
    assert_eq!(perform(&client, |_| {}).expect("an answer").status(), 200);
    assert_eq!(server.connections(), 2);
}

/// Reads a second request on its first connection, and closes it without an answer.
fn drops_the_second_request() -> Server {
    Server::start(|number, mut peer| {
        let most = if number == 0 { 1 } else { usize::MAX };
        for _ in 0..most {
            if peer.request().is_none() {
                return;
            }
            peer.send(me());
        }
        peer.request();
    })
}

#[test]
fn losing_a_reused_connection_is_said() {
    let server = drops_the_second_request();
    let client = client(&server);
    perform(&client, |_| {}).expect("an answer");
    let Fault { kind, sent, received, reused, .. } = fault(&client);
    assert_eq!((kind, sent, received, reused), (FaultKind::Lost, true, 0, true));
}

#[test]
fn losing_a_reused_connection_costs_an_operation_no_attempt() {
    let server = drops_the_second_request();
    let once = RetryPolicy { retries: 1, ..RetryPolicy::default() };
    let client = teamwire_async_std::client(config(&server.url()).with_retry(once)).expect("options that work");
    assert_eq!(ask(&client).expect("an answer"), "Example");
    assert_eq!(ask(&client).expect("an answer, over another connection"), "Example");
    assert_eq!(server.connections(), 2);
}

#[test]
fn without_retries_a_request_is_sent_once_also_over_a_connection_that_is_lost() {
    let server = drops_the_second_request();
    let client = client(&server);
    assert_eq!(ask(&client).expect("an answer"), "Example");
    let error = ask(&client).expect_err("it is sent once");
    assert_eq!((error.kind(), error.may_have_arrived()), (ErrorKind::Connection, true), "{error:?}");
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_connection_that_cannot_be_used_again_is_not() {
    let body = sample::bot().to_string();
    let length = body.len();
    for head in [
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nConnection: x, Close\r\ncontent-length: {length}\r\n\r\n"),
        format!("HTTP/1.0 200 OK\r\ncontent-length: {length}\r\n\r\n"),
        // Whoever is in between may have read another length.
        format!("HTTP/1.1 200 OK\r\ncontent-length: 7\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n"),
    ] {
        let tail = if head.contains("chunked") { "\r\n0\r\n\r\n" } else { "" };
        let server = always(format!("{head}{body}{tail}"));
        let client = client(&server);
        for requests in 1..=3 {
            assert_eq!(ask(&client).expect("an answer"), "Example", "{head}");
            assert_eq!(server.connections(), requests, "{head}");
        }
    }
}

#[test]
fn a_connection_with_an_answer_too_many_is_not_used_again() {
    // Both in one write, so that the second is there with the first.
    let server = always(format!("{}{}", me(), answer(500, "")));
    let client = client(&server);
    for requests in 1..=3 {
        assert_eq!(ask(&client).expect("an answer"), "Example");
        assert_eq!(server.connections(), requests);
    }
}

#[test]
fn http_1_0_may_keep_a_connection_by_word() {
    let body = sample::bot().to_string();
    let length = body.len();
    let server = always(format!("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: {length}\r\n\r\n{body}"));
    let client = client(&server);
    for _ in 0..3 {
        assert_eq!(ask(&client).expect("an answer"), "Example");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn no_connection_is_kept_longer_than_the_limit_says_and_none_where_it_says_none() {
    for (limits, expected) in [
        (Limits { idle_connections: 0, ..Limits::default() }, 3),
        (Limits { idle_connections: 1, ..Limits::default() }, 1),
        (Limits { idle_time: Duration::ZERO, ..Limits::default() }, 3),
    ] {
        let server = always(me());
        let client = teamwire_async_std::client(config(&server.url()).with_limits(limits)).expect("options that work");
        for _ in 0..3 {
            ask(&client).expect("an answer");
        }
        assert_eq!(server.connections(), expected, "{limits:?}");
    }
}
