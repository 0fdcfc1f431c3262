//! What is on the wire.

use std::{net::TcpListener, sync::mpsc, thread};

use teamwire_blocking::{Body, ErrorKind, Progress};
use ureq::http::{Method, header};

use crate::support::{File, ME, Server, accept, as_is, posting, response};

/// A server for one request, and the head that it got.
fn head_of(method: Method, body: Body) -> String {
    let (sender, receiver) = mpsc::channel();
    let server = Server::new(move |listener| {
        let request = accept(listener).serve(200, ME);
        sender.send(request.head + &request.body).expect("the test waits for it");
    });
    let answer = response(&server.client(), |exchange| {
        *exchange.request.method_mut() = method;
        *exchange.request.body_mut() = body;
    });
    assert_eq!(answer.status(), 200);
    let port = server.address.port().to_string();
    server.done();
    receiver.recv().expect("a request").replace(&port, "PORT")
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn a_request_without_a_body_has_no_more_than_its_exchange_says() {
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(
            head_of(method.clone(), Body::Empty),
            format!(
                "{method} /v1/me HTTP/1.1\r\nauthorization: Basic YXBwLWlkOnRoZSBzZWNyZXQ=\r\nhost: 127.0.0.1:PORT\r\n\
                 accept: application/json\r\naccept-encoding: identity\r\nuser-agent: teamwire-rust/{VERSION}\r\n\r\n"
            )
        );
    }
}

#[test]
fn the_length_of_nothing_is_said_where_a_body_is_usual() {
    for method in [Method::POST, Method::PUT, Method::PATCH] {
        assert_eq!(
            head_of(method.clone(), Body::Empty),
            format!(
                "{method} /v1/me HTTP/1.1\r\nauthorization: Basic YXBwLWlkOnRoZSBzZWNyZXQ=\r\ncontent-length: 0\r\n\
                 host: 127.0.0.1:PORT\r\naccept: application/json\r\naccept-encoding: identity\r\nuser-agent: teamwire-rust/{VERSION}\r\n\r\n"
            )
        );
    }
}

#[test]
fn a_body_is_sent_as_it_is_with_any_method() {
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        assert_eq!(
            head_of(method.clone(), Body::from(b"{\"as\": \"it is\"}".to_vec())),
            format!(
                "{method} /v1/me HTTP/1.1\r\nauthorization: Basic YXBwLWlkOnRoZSBzZWNyZXQ=\r\ncontent-length: 15\r\n\
                 host: 127.0.0.1:PORT\r\naccept: application/json\r\naccept-encoding: identity\r\nuser-agent: teamwire-rust/{VERSION}\r\n\r\n\
                 {{\"as\": \"it is\"}}"
            )
        );
    }
}

#[test]
fn head_and_body_leave_in_one_piece() {
    let server = Server::new(|listener| {
        let request = accept(listener).serve(500, "");
        assert_eq!((request.reads, request.body.as_str()), (1, r#"{"msg":"hello"}"#));
        for name in ["host", "content-length", "content-type", "accept", "user-agent", "authorization"] {
            assert_eq!(request.header(name).len(), 1, "{name}");
        }
        assert_eq!(request.header("idempotency-key").len(), 1);
    });
    assert!(server.client().chats().chat("c1").post("hello").is_err());
    server.done();
}

#[test]
fn a_body_larger_than_every_buffer_arrives_whole() {
    let text = "a b".repeat(100_000);
    let expected = text.clone();
    let server = Server::new(move |listener| {
        let request = accept(listener).serve(200, ME);
        assert!(request.body == expected);
    });
    response(&server.client(), |exchange| {
        *exchange.request.method_mut() = Method::POST;
        *exchange.request.body_mut() = Body::from(text.into_bytes());
    });
    server.done();
}

#[test]
fn any_status_is_an_answer() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        for status in [200, 204, 304, 404, 429, 500, 503] {
            peer.serve(status, "");
        }
    });
    let client = server.client();
    for status in [200, 204, 304, 404, 429, 500, 503] {
        assert_eq!(response(&client, as_is).status(), status);
    }
    server.done();
}

#[test]
fn a_redirect_is_an_answer_and_nobody_goes_there() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = format!("http://{}/v1/me", elsewhere.local_addr().expect("it is bound"));
    let location = to.clone();
    let server = Server::new(move |listener| {
        let mut peer = accept(listener);
        for body in ["", "gone"] {
            peer.request();
            peer.send(format!(
                "HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ));
        }
        peer.serve(200, ME);
    });
    let client = server.client();
    let error = client.contacts().me().expect_err("a redirect is no answer to that");
    assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
    let answer = response(&client, as_is);
    assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (302, b"gone".as_slice()));
    assert_eq!(answer.headers()[header::LOCATION], to);
    assert_eq!(response(&client, as_is).status(), 200, "over the same connection");
    server.done();
    elsewhere.set_nonblocking(true).expect("a socket can be");
    assert!(elsewhere.accept().is_err(), "nobody went there");
}

#[test]
fn what_a_server_sends_ahead_of_its_answer_is_passed_over() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.request();
        peer.send("HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n");
        peer.answer(200, ME);
    });
    assert_eq!(server.client().contacts().me().expect("an answer").first_name, "Example");
    server.done();
}

#[test]
fn an_observer_may_send_another_request_meanwhile() {
    const LENGTH: usize = 300_000;
    let server = Server::new(|listener| {
        let mut upload = accept(listener);
        assert_eq!(upload.head().header("authorization").len(), 1);
        upload.send("HTTP/1.1 100 Continue\r\n\r\n");
        let mut other = accept(listener);
        let serving = thread::spawn(move || {
            while let Some(request) = other.next_request() {
                assert_eq!(request.header("authorization").len(), 1);
                other.answer(200, ME);
            }
        });
        upload.body(LENGTH);
        upload.answer(201, "");
        serving.join().expect("the other requests were whole");
    });
    let (client, file) = (server.client(), File::new(LENGTH));
    let other = client.clone();
    let answer = response(&client, |exchange| {
        posting(file.body())(exchange);
        exchange.progress = Some(Progress::new(move |_| drop(other.contacts().me().expect("an answer"))));
    });
    assert_eq!(answer.status(), 201);
    drop(client);
    server.done();
}
