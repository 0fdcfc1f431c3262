//! The bytes of requests.

use std::{sync::mpsc, thread};

use http::{HeaderValue, Method, header};
use teamwire_core::{
    ErrorKind,
    effect::{Body, TransportErrorKind},
};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{
    Folder, LARGE, Server, ask, client, fault, file, me, observed_by, pattern, posting, response, unchanged,
};

/// The lines of the head of a request with this method and body, without the port, and its body.
fn sent<H: Harness>(method: &Method, body: Body) -> (String, Vec<String>, Vec<u8>) {
    let (sender, receiver) = mpsc::channel();
    let server = Server::script(move |listener| {
        let request = listener.accept().serve(200, "{}");
        sender.send(request).expect("the test waits for it");
    });
    response::<H>(&client::<H>(&server), |exchange| {
        *exchange.request.method_mut() = method.clone();
        *exchange.request.body_mut() = body;
    });
    let request = receiver.recv().expect("the server has sent it");
    let head = request.head.to_lowercase().replace(&server.address.port().to_string(), "PORT");
    let mut lines: Vec<_> = head.trim_end().lines().skip(1).map(str::to_owned).collect();
    lines.sort();
    (request.line().to_owned(), lines, request.body)
}

/// The header lines of every request, and these.
fn with(more: &[&str]) -> Vec<String> {
    let version = env!("CARGO_PKG_VERSION");
    let mut lines: Vec<_> = [
        "accept: application/json",
        "accept-encoding: identity",
        // `app-id:the secret`, in lower case like all the rest.
        "authorization: basic yxbwlwlkonrozsbzzwnyzxq=",
        "host: 127.0.0.1:PORT",
        &format!("user-agent: teamwire-rust/{version}"),
    ]
    .iter()
    .chain(more)
    .map(|line| (*line).to_owned())
    .collect();
    lines.sort();
    lines
}

#[executor_test(transports)]
fn request_has_no_headers_but_those_of_its_exchange<H: Harness>() {
    for method in [Method::GET, Method::DELETE] {
        let (line, headers, body) = sent::<H>(&method, Body::Empty);
        assert_eq!((line, body.len()), (format!("{method} /v1/me HTTP/1.1"), 0));
        assert_eq!(headers, with(&[]), "{method}");
    }
}

#[executor_test(transports)]
fn empty_body_has_a_length_where_a_body_is_usual<H: Harness>() {
    for method in [Method::POST, Method::PUT, Method::PATCH] {
        let (line, headers, body) = sent::<H>(&method, Body::Empty);
        assert_eq!((line, body.len()), (format!("{method} /v1/me HTTP/1.1"), 0));
        assert_eq!(headers, with(&["content-length: 0"]), "{method}");
    }
}

#[executor_test(transports)]
fn body_is_sent_unchanged_with_any_method<H: Harness>() {
    let other = ["SEARCH", "QUERY", "REPORT", "MKCOL", "X-a_1"];
    let other = other.map(|name| Method::from_bytes(name.as_bytes()).expect("it is a method"));
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE].into_iter().chain(other) {
        let (line, headers, body) = sent::<H>(&method, Body::from(b"{\"as\": \"it is\"}".to_vec()));
        assert_eq!((line, body), (format!("{method} /v1/me HTTP/1.1"), b"{\"as\": \"it is\"}".to_vec()));
        assert_eq!(headers, with(&["content-length: 15"]), "{method}");
    }
}

#[executor_test(transports, hyper = "hyper may send the head before a chunk of the body has been read")]
fn head_and_body_leave_in_one_piece<H: Harness>() {
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        for length in [5, 1_000, 5] {
            let request = peer.serve(500, "");
            assert_eq!(request.reads, 1, "of {length} bytes");
            assert_eq!(request.text(), format!(r#"{{"msg":"{}"}}"#, "x".repeat(length)));
            for name in ["host", "content-length", "content-type", "accept", "user-agent", "authorization"] {
                assert_eq!(request.headers(name).len(), 1, "{name}");
            }
            assert_eq!(request.headers("idempotency-key").len(), 1);
        }
    });
    let client = client::<H>(&server);
    for length in [5, 1_000, 5] {
        H::wait(client.chats().chat("c1").post("x".repeat(length))).expect_err("the status is 500");
    }
}

#[executor_test(transports)]
fn body_larger_than_every_buffer_arrives_whole<H: Harness>() {
    let lengths = [16_000, 16_384, 20_000, 300_000, 5_000_000];
    let server = Server::script(move |listener| {
        let mut peer = listener.accept();
        for length in lengths {
            assert!(peer.serve(200, "{}").body == pattern(length), "{length} bytes");
        }
    });
    let client = client::<H>(&server);
    for length in lengths {
        response::<H>(&client, |exchange| {
            *exchange.request.method_mut() = Method::PUT;
            *exchange.request.body_mut() = Body::from(pattern(length));
        });
    }
}

#[executor_test(transports)]
fn response_of_any_status_is_a_response<H: Harness>() {
    let statuses = [200, 204, 304, 404, 429, 500, 503];
    let server = Server::script(move |listener| {
        let mut peer = listener.accept();
        for status in statuses {
            peer.request();
            let length = if status == 204 { "" } else { "content-length: 0\r\n" };
            peer.send(format!("HTTP/1.1 {status} Reason\r\n{length}\r\n"));
        }
    });
    let client = client::<H>(&server);
    for status in statuses {
        assert_eq!(response::<H>(&client, unchanged).status(), status);
    }
}

#[executor_test(transports)]
fn redirect_is_a_response_and_not_followed<H: Harness>() {
    let elsewhere = Server::always(me());
    let to = format!("{}/v1/me", elsewhere.url());
    let location = to.clone();
    let server = Server::script(move |listener| {
        let mut peer = listener.accept();
        for (status, body) in [(301, "moved"), (302, ""), (302, "gone")] {
            peer.request();
            let head = format!("HTTP/1.1 {status} Found\r\nlocation: {location}\r\ncontent-length: {}", body.len());
            peer.send(format!("{head}\r\n\r\n{body}"));
        }
        peer.serve(200, "{}");
    });
    let client = client::<H>(&server);
    for status in [301, 302] {
        let error = ask::<H>(&client).expect_err("a redirect is not a user");
        assert_eq!((error.kind(), error.status()), (ErrorKind::UnexpectedResponse, Some(status)));
    }
    let redirect = response::<H>(&client, unchanged);
    assert_eq!((redirect.status().as_u16(), redirect.body().as_slice()), (302, b"gone".as_slice()));
    assert_eq!(redirect.headers()[header::LOCATION], to);
    assert_eq!(response::<H>(&client, unchanged).status(), 200, "over the same connection");
    assert_eq!(elsewhere.connections(), 0);
}

#[executor_test(transports)]
fn response_without_a_body_is_not_waited_for<H: Harness>() {
    for (method, head) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n"),
        ("DELETE", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    ] {
        let server = Server::always(head);
        let client = client::<H>(&server);
        for _ in 0..3 {
            let received = response::<H>(&client, |exchange| {
                *exchange.request.method_mut() = method.parse().expect("it is a method");
            });
            assert_eq!(received.body().len(), 0);
        }
        assert_eq!(server.connections(), 1, "{method} {head}");
    }
}

#[executor_test(
    transports,
    hyper = "hyper may ask for the body before it sends the head, so that the observer blocks both",
    blocking_hyper = "hyper may ask for the body before it sends the head, so that the observer blocks both"
)]
fn observer_of_an_upload_may_send_requests<H: Harness>() {
    const LENGTH: usize = 300_000;
    let server = Server::script(|listener| {
        let mut upload = listener.accept();
        assert_eq!(upload.head().headers("authorization").len(), 1);
        upload.send("HTTP/1.1 100 Continue\r\n\r\n");
        let mut other = listener.accept();
        let serving = thread::spawn(move || {
            while let Some(request) = other.try_request() {
                assert_eq!(request.headers("authorization").len(), 1);
                other.send(me());
            }
        });
        upload.body(LENGTH);
        upload.respond(201, "{}");
        serving.join().expect("the other requests were whole");
    });
    let folder = Folder::new();
    let path = folder.file("file", pattern(LENGTH));
    let client = client::<H>(&server);
    let other = client.clone();
    let ask_other = move |_| drop(ask::<H>(&other).expect("the other request succeeds"));
    let received = response::<H>(&client, posting(observed_by(ask_other, &file(&path, LENGTH))));
    assert_eq!(received.status(), 201);
}

#[executor_test(transports)]
fn request_that_is_not_read_ends_with_its_connection<H: Harness>() {
    // The server reads the head, and closes the connection without reading the rest.
    let server = Server::script(|listener| drop(listener.accept().head()));
    let fault = fault::<H>(&client::<H>(&server), posting(Body::from(vec![b'x'; LARGE])));
    assert!(fault.sent && fault.received == 0, "{fault:?}");
}

#[executor_test(adapters)]
fn header_that_would_make_the_end_of_a_request_ambiguous_is_refused<H: Harness>() {
    let server = Server::always(me());
    let client = client::<H>(&server);
    for (header, value) in [
        (header::TRANSFER_ENCODING, "chunked"),
        (header::CONTENT_LENGTH, "7"),
        (header::EXPECT, "100-continue"),
        (header::HOST, "b.test"),
    ] {
        let refused = fault::<H>(&client, |exchange| {
            let headers = exchange.request.headers_mut();
            if header == header::HOST {
                headers.append(&header, HeaderValue::from_static("a.test"));
            }
            headers.append(&header, HeaderValue::from_static(value));
        });
        assert_eq!((refused.kind, refused.sent), (TransportErrorKind::Protocol, false), "{refused}");
        assert!(refused.to_string().contains(&format!("`{header}`")), "{refused}");
    }
    response::<H>(&client, unchanged);
}
