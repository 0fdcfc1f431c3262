//! Connections are kept, reused, and replaced when they cannot serve a further request.

use std::{
    net::{Shutdown, TcpStream},
    sync::{Barrier, mpsc},
    thread,
    time::Duration,
};

use teamwire_core::{ErrorKind, config::RetryPolicy, effect::TransportErrorKind, script::sample};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{
    Peer, Server, ask, ask_at_once, bot, client, config, fault, http_response, me, response, unchanged,
};

#[executor_test(adapters)]
fn requests_share_one_connection<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        for _ in 0..2 {
            peer.request();
            peer.send(me());
        }
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{\"a\r\n0\r\n\r\n");
        peer.request();
        peer.send("HTTP/1.1 204 No Content\r\n\r\n");
        peer.request();
        peer.send(me());
    });
    let client = client::<H>(&server);
    assert_eq!(ask::<H>(&client).expect("a response"), "Example");
    assert_eq!(ask::<H>(&client.clone()).expect("clones share their connections"), "Example");
    assert_eq!(response::<H>(&client, unchanged).body(), b"{\"a");
    assert_eq!(response::<H>(&client, unchanged).status(), 204);
    assert_eq!(ask::<H>(&client).expect("a response"), "Example");
}

#[executor_test(transports)]
fn concurrent_requests_get_their_own_responses<H: Harness>() {
    const THREADS: usize = 8;
    let server = Server::each(|_, mut peer| {
        while let Some(request) = peer.try_request() {
            let text = request.text().split('"').nth(3).expect("the request has a text");
            peer.respond(201, &sample::message("m", "c1", text).to_string());
        }
    });
    let client = client::<H>(&server);
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (client, start) = (&client, &start);
            scope.spawn(move || {
                for round in 0..5 {
                    start.wait();
                    let text = format!("{thread}/{round}");
                    let posted = H::wait(client.chats().chat("c1").post(text.as_str())).expect("it is posted");
                    assert_eq!(posted.text, Some(text), "the response to another request");
                }
            });
        }
    });
    assert!((1..=THREADS).contains(&server.connections()), "{}", server.connections());
}

#[executor_test(adapters)]
fn sixty_four_threads_share_one_client<H: Harness>() {
    const THREADS: usize = 64;
    let server = Server::always(me());
    let client = client::<H>(&server);
    for _ in 0..5 {
        ask_at_once::<H>(&client, THREADS);
    }
    assert!(server.connections() <= THREADS, "{}", server.connections());
}

#[executor_test(
    transports,
    hyper = "hyper keeps a connection whose response has both a length and chunks",
    blocking_hyper = "hyper keeps a connection whose response has both a length and chunks"
)]
fn connection_that_the_server_ends_is_not_used_again<H: Harness>() {
    let (body, length) = (bot(), bot().len());
    for head in [
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nConnection: x, Close\r\ncontent-length: {length}\r\n\r\n"),
        format!("HTTP/1.0 200 OK\r\ncontent-length: {length}\r\n\r\n"),
        // An intermediary may have used the other length.
        format!("HTTP/1.1 200 OK\r\ncontent-length: 7\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n"),
    ] {
        let tail = if head.contains("chunked") { "\r\n0\r\n\r\n" } else { "" };
        // The server leaves the connection open, so the client has to close it.
        let server = Server::always(format!("{head}{body}{tail}"));
        let client = client::<H>(&server);
        for requests in 1..=3 {
            assert_eq!(ask::<H>(&client).expect("a response"), "Example", "{head}");
            assert_eq!(server.connections(), requests, "{head}");
        }
    }
}

#[executor_test(adapters)]
fn http_1_0_keeps_a_connection_on_request<H: Harness>() {
    let (body, length) = (bot(), bot().len());
    let head = format!("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: {length}\r\n\r\n");
    let server = Server::always(format!("{head}{body}"));
    let client = client::<H>(&server);
    for _ in 0..3 {
        assert_eq!(ask::<H>(&client).expect("a response"), "Example");
    }
    assert_eq!(server.connections(), 1);
}

/// A server whose first response has this length and excess bytes behind it. The second one is on another connection.
pub(crate) fn sends_too_much_once(length: usize) -> Server {
    Server::script(move |listener| {
        send_too_much(&mut listener.accept(), length);
        let mut peer = listener.accept();
        peer.request();
        peer.send(me());
    })
}

/// Sends a response of this length and some excess bytes, and waits for the end of the connection.
pub(crate) fn send_too_much<S: std::io::Read + std::io::Write>(peer: &mut Peer<S>, length: usize) {
    peer.request();
    let (body, rest) = ("x".repeat(length), "HTTP/1.1 500 Left Over\r\ncontent-length: 0\r\n\r\n".repeat(500));
    peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}{rest}"));
    peer.wait_for_end();
}

#[executor_test(transports)]
fn connection_with_bytes_left_over_is_not_used_again<H: Harness>() {
    for length in [10, 40_000] {
        let server = sends_too_much_once(length);
        let client = client::<H>(&server);
        assert_eq!(response::<H>(&client, unchanged).body().len(), length);
        assert_eq!(ask::<H>(&client).expect("a response"), "Example");
    }
    // A second response in the same packet as the first.
    let server = Server::always(format!("{}{}", me(), http_response(500, "")));
    let client = client::<H>(&server);
    for requests in 1..=3 {
        assert_eq!(ask::<H>(&client).expect("a response"), "Example");
        assert_eq!(server.connections(), requests);
    }
}

/// A connection that was used a moment ago is not checked.
#[executor_test(adapters)]
fn response_behind_a_full_buffer_is_not_that_of_the_next_request<H: Harness>() {
    for end in [2 << 10, 8 << 10, 16 << 10, 64 << 10, (2 << 10) + (64 << 10)] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {end}\r\n\r\n").len();
        let length = end - head;
        let server = Server::each(move |number, mut peer| {
            let (body, rest) = ("x".repeat(length), http_response(404, "{}"));
            while peer.try_request().is_some() {
                match number {
                    0 => peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}{rest}")),
                    _ => peer.send(me()),
                };
            }
        });
        let client = H::connect(config(&server.url()).with_retry(RetryPolicy::default()));
        assert_eq!(response::<H>(&client, unchanged).body().len(), length);
        assert_eq!(ask::<H>(&client).expect("a response"), "Example", "{end}");
    }
}

#[executor_test(transports)]
fn connection_that_failed_is_not_used_again<H: Harness>() {
    let server = Server::each(|number, mut peer| {
        while peer.try_request().is_some() {
            peer.send(if number == 0 { "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n".to_owned() } else { me() });
        }
    });
    let client = client::<H>(&server);
    assert_eq!(fault::<H>(&client, unchanged).kind, TransportErrorKind::Protocol);
    assert_eq!(ask::<H>(&client).expect("a response"), "Example");
    assert_eq!(server.connections(), 2);
}

/// A server that sends these bytes after its first response, or closes that connection, and reports it to the test.
fn disturbs_the_first_connection(last: &'static str) -> (Server, mpsc::Receiver<()>) {
    let (done, is_done) = mpsc::channel();
    let server = Server::each(move |number, mut peer| {
        while peer.try_request().is_some() {
            peer.send(me());
            if number == 0 {
                peer.send(last);
                if last.is_empty() {
                    peer.stream.shutdown(Shutdown::Both).expect("it is open");
                }
                done.send(()).expect("the test waits");
            }
        }
    });
    (server, is_done)
}

#[executor_test(transports)]
fn idle_connection_closed_by_the_server_is_replaced<H: Harness>() {
    let (server, is_done) = disturbs_the_first_connection("");
    let client = client::<H>(&server);
    response::<H>(&client, unchanged);
    is_done.recv().expect("the server closes it");
    response::<H>(&client, unchanged);
    assert_eq!(server.connections(), 2);
}

#[executor_test(transports)]
fn idle_connection_with_unsolicited_bytes_is_replaced<H: Harness>() {
    let (server, is_done) = disturbs_the_first_connection("HTTP/1.1 408 Too Late\r\ncontent-length: 0\r\n\r\n");
    let client = client::<H>(&server);
    response::<H>(&client, unchanged);
    is_done.recv().expect("the server sends it");
    assert_eq!(response::<H>(&client, unchanged).status(), 200);
    assert_eq!(server.connections(), 2);
}

/// Reads a second request of its first connection, and closes the connection without a response.
fn drops_the_second_request() -> Server {
    Server::each(|number, mut peer| {
        let most = if number == 0 { 1 } else { usize::MAX };
        for _ in 0..most {
            if peer.try_request().is_none() {
                return;
            }
            peer.send(me());
        }
        peer.request();
    })
}

#[executor_test(transports)]
fn loss_of_a_reused_connection_is_reported_as_such<H: Harness>() {
    let server = drops_the_second_request();
    let client = client::<H>(&server);
    response::<H>(&client, unchanged);
    let fault = fault::<H>(&client, unchanged);
    assert_eq!(
        (fault.kind, fault.sent, fault.received, fault.reused),
        (TransportErrorKind::Disconnected, true, 0, true),
        "{fault}"
    );
}

#[executor_test(transports)]
fn loss_of_a_reused_connection_costs_no_attempt<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer: Peer<TcpStream> = listener.accept();
        peer.request();
        peer.send(me());
        peer.request();
        drop(peer);
        listener.accept().serve(500, "");
        let mut peer = listener.accept();
        peer.request();
        peer.send(me());
    });
    let once = RetryPolicy { max_retries: 1, initial_backoff: Duration::from_millis(1), ..RetryPolicy::default() };
    let client = H::connect(config(&server.url()).with_retry(once));
    ask::<H>(&client).expect("a response");
    ask::<H>(&client).expect("the second attempt is free, and the third one is the retry");
}

#[executor_test(transports)]
fn without_retries_a_lost_request_is_not_repeated<H: Harness>() {
    let server = drops_the_second_request();
    let client = client::<H>(&server);
    ask::<H>(&client).expect("a response");
    let error = ask::<H>(&client).expect_err("it is sent once");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, true), "{error:?}");
    assert_eq!(server.connections(), 1);
    ask::<H>(&client).expect("the next request takes another connection");
}
