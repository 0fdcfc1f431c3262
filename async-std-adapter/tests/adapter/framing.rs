//! Answers of every form, whole or in pieces.

use std::{
    sync::{Mutex, mpsc},
    thread,
};

use teamwire_async_std::{Body, Error, ErrorKind, FaultKind, Limits, script::sample};

use crate::support::{Fits, Probe, Server, always, answer, ask, client, config, fault, me, perform};

fn chunked(body: &str, size: usize) -> String {
    let chunks = body
        .as_bytes()
        .chunks(size)
        .map(|chunk| format!("{:x};ext=1\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)));
    let chunks: String = chunks.collect();
    format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\ntrailer: x\r\n\r\n")
}

/// Answers that say who the bot is, in all forms.
fn forms() -> Vec<String> {
    let body = sample::bot().to_string();
    vec![
        me(),
        chunked(&body, 1),
        chunked(&body, 50),
        chunked(&body, 5_000),
        format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n{}", me()),
    ]
}

#[test]
fn all_forms_of_an_answer_are_understood_and_the_connection_is_kept() {
    for form in forms() {
        let server = always(form.clone());
        let client = client(&server);
        for _ in 0..3 {
            assert_eq!(ask(&client).expect("an answer"), "Example", "{form}");
        }
        assert_eq!(server.connections(), 1, "{form}");
    }
}

#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    let server = Server::start(|_, mut peer| {
        peer.request();
        peer.send(format!("HTTP/1.1 200 OK\r\n\r\n{}", sample::bot()));
    });
    let client = client(&server);
    assert_eq!(ask(&client).expect("an answer"), "Example");
    assert_eq!(ask(&client).expect("an answer"), "Example");
    assert_eq!(server.connections(), 2);
}

#[test]
fn answers_may_arrive_byte_by_byte() {
    for form in forms() {
        let server = Server::start(move |_, mut peer| {
            while peer.request().is_some() {
                for byte in form.as_bytes() {
                    peer.send([*byte]);
                    thread::yield_now();
                }
            }
        });
        let client = client(&server);
        assert_eq!(ask(&client).expect("an answer"), "Example");
        assert_eq!(ask(&client).expect("an answer"), "Example");
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn requests_and_answers_get_through_the_narrowest_stream() {
    for form in forms() {
        let server = always(form);
        let probe = Probe { fits: Fits::Bytes(1), ..Probe::default() };
        let client = probe.client(config(&server.url()));
        assert_eq!(ask(&client).expect("an answer"), "Example");
        assert_eq!(ask(&client).expect("an answer"), "Example");
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn an_answer_that_ends_anywhere_before_its_end_is_an_error_and_not_an_answer() {
    let body = r#"{"uid":"u"}"#;
    let forms = [
        answer(200, body),
        chunked(body, 4),
        format!("HTTP/1.1 100 Continue\r\n\r\n{}", answer(200, body)),
        // Nothing says that a redirect that is cut off may be taken for a whole one.
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ];
    for form in forms {
        let whole = form.clone();
        let server = Server::start(move |number, mut peer| {
            peer.request();
            peer.send(&whole.as_bytes()[..number.min(whole.len())]);
        });
        let client = client(&server);
        let head = form.rfind("\r\n\r\n{").map_or(form.len(), |at| at + 4);
        for length in 0..form.len() {
            let fault = fault(&client);
            assert_eq!((fault.kind, fault.sent, fault.reused), (FaultKind::Lost, true, false), "after {length} bytes");
            if !form.contains("chunked") {
                assert_eq!(fault.received, length.saturating_sub(head) as u64, "after {length} bytes: {fault}");
            }
        }
        let response = perform(&client, |_| {}).expect("the whole answer");
        assert!(response.status() == 302 || response.body() == body.as_bytes());
    }
}

#[test]
fn what_is_not_http_is_refused_at_once() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.9\r\n",
        "\u{16}\u{3}\u{1}\0\u{2}\u{1}",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nmany\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    ] {
        // It stays connected: the client is not to wait for more.
        let server = Server::start(move |_, mut peer| {
            peer.request();
            peer.send(garbage);
            peer.wait();
        });
        let client = client(&server);
        let fault = fault(&client);
        assert_eq!((fault.kind, fault.sent), (FaultKind::Protocol, true), "{garbage:?}: {fault}");
        drop(client);
    }
}

#[test]
fn nothing_without_an_end_is_taken_in_without_an_end() {
    let endless: [(&str, &str, FaultKind); 5] = [
        ("HTTP/1.1 200 ", "x", FaultKind::TooLarge),
        ("HTTP/1.1 200 OK\r\nname: ", "x", FaultKind::TooLarge),
        ("", "HTTP/1.1 102 Processing\r\n\r\n", FaultKind::Protocol),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1", FaultKind::Protocol),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\ntrailer: ", "x", FaultKind::Protocol),
    ];
    for (start, more, kind) in endless {
        let server = Server::start(move |_, mut peer| {
            peer.request();
            peer.send(start);
            while peer.send(more.repeat(1_000)) {}
        });
        let client = client(&server);
        assert_eq!(fault(&client).kind, kind, "{start}{more}{more}…");
    }
}

#[test]
fn a_body_above_the_limit_is_refused() {
    let limits = Limits { answer: 1_000, ..Limits::default() };
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n".to_owned();
    let absurd = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", u64::MAX);
    for (answer, received) in [
        // By its announcement: the body never comes.
        (announced, 0..=0),
        (absurd, 0..=0),
        (chunked(&"x".repeat(1_001), 500), 1_001..=u64::MAX),
        (format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1_001)), 1_001..=1_001),
    ] {
        let text = answer.clone();
        let server = Server::start(move |_, mut peer| {
            peer.request();
            peer.send(&text);
            peer.wait();
        });
        let client = teamwire_async_std::client(config(&server.url()).with_limits(limits)).expect("options that work");
        let fault = fault(&client);
        assert_eq!((fault.kind, fault.sent), (FaultKind::TooLarge, true), "{answer}");
        assert!(received.contains(&fault.received), "{answer}: {}", fault.received);
        let error = Error::from(fault);
        assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
        assert!(error.to_string().contains("more than 1000 bytes"), "{error}");
        drop(client);
    }
    let server = always(answer(200, &"x".repeat(1_000)));
    let client = teamwire_async_std::client(config(&server.url()).with_limits(limits)).expect("options that work");
    assert_eq!(perform(&client, |_| {}).expect("an answer").body().len(), 1_000);
}

#[test]
fn an_announced_length_is_not_believed_before_it_arrives() {
    let server = Server::start(|_, mut peer| {
        peer.request();
        peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nx", u64::MAX));
    });
    let limits = Limits { answer: u64::MAX, ..Limits::default() };
    let client = teamwire_async_std::client(config(&server.url()).with_limits(limits)).expect("options that work");
    let fault = fault(&client);
    assert_eq!((fault.kind, fault.received), (FaultKind::Lost, 1));
}

#[test]
fn answers_that_have_no_body_are_not_waited_for() {
    for (method, head) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n"),
        ("DELETE", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    ] {
        let server = always(head);
        let client = client(&server);
        for _ in 0..3 {
            let response = perform(&client, |exchange| {
                *exchange.request.method_mut() = method.parse().expect("a method");
            });
            assert_eq!(response.expect("an answer").body().len(), 0);
        }
        assert_eq!(server.connections(), 1, "{method} {head}");
    }
}

#[test]
fn no_redirect_is_followed() {
    let elsewhere = always(me());
    let server =
        always(format!("HTTP/1.1 301 Moved\r\nlocation: {}/v1/me\r\ncontent-length: 5\r\n\r\nmoved", elsewhere.url()));
    let client = client(&server);
    let error = ask(&client).expect_err("an answer that is no user");
    assert_eq!(error.status(), Some(301));
    assert!(ask(&client).is_err());
    assert_eq!((server.connections(), elsewhere.connections()), (1, 0));
}

#[test]
fn a_refusal_is_heard_though_the_request_is_not_read() {
    let (heard, is_heard) = mpsc::channel::<()>();
    let is_heard = Mutex::new(is_heard);
    let server = Server::start(move |_, mut peer| {
        peer.head();
        peer.send("HTTP/1.1 413 Too Large\r\ncontent-length: 4\r\n\r\nless");
        // Not a byte more is read: so the rest of the request has nowhere to go.
        let _ = is_heard.lock().expect("nobody panicked").recv();
    });
    let client = client(&server);
    let response = perform(&client, |exchange| {
        *exchange.request.method_mut() = http::Method::POST;
        *exchange.request.body_mut() = Body::from(vec![0; 50_000_000]);
    });
    drop(heard);
    let response = response.expect("an answer");
    assert_eq!((response.status().as_u16(), response.body().as_slice()), (413, &b"less"[..]));
    // What is left of the request was never sent, so nothing can follow it.
    drop(perform(&client, |_| {}));
    assert_eq!(server.connections(), 2);
}
