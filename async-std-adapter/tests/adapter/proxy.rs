//! Through an HTTP proxy, if the options name one.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use teamwire_async_std::{Client, Error, FaultKind, RetryPolicy};

use crate::{
    support::{Peer, Request, Server, answer, ask, config, fault, me},
    tls::{Authority, secured},
};

const PASSWORD: &str = "p:w@d";

/// `user:p:w@d`, as the header has it.
const AUTHORIZATION: &str = "Basic dXNlcjpwOndAZA==";

fn through(proxy: &Server, config: teamwire_async_std::Config) -> Client {
    let url = format!("http://user:p%3Aw%40d@{}", proxy.address);
    teamwire_async_std::client(config.with_proxy(&url).expect("a URL")).expect("options that work")
}

type Seen = Arc<Mutex<Vec<Request>>>;

/// Connects through to this server, wherever it is asked to.
fn tunnels(seen: &Seen, to: &Server) -> Server {
    let (seen, address) = (seen.clone(), to.address);
    Server::start(move |_, mut peer| {
        let Some(request) = peer.head() else { return };
        seen.lock().expect("nobody panicked").push(request);
        peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
        let (mut down, mut up) = (peer.stream, TcpStream::connect(address).expect("the server listens"));
        let (mut down_again, mut up_again) = (down.try_clone().expect("a socket"), up.try_clone().expect("a socket"));
        let answers = thread::spawn(move || pass(&mut up_again, &mut down_again));
        pass(&mut down, &mut up);
        answers.join().expect("no panic");
    })
}

fn pass(from: &mut TcpStream, to: &mut TcpStream) {
    let mut some = [0; 16384];
    while let Ok(bytes @ 1..) = from.read(&mut some) {
        if to.write_all(&some[..bytes]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

#[test]
fn https_goes_through_a_tunnel() {
    let authority = Authority::new();
    let settings = authority.server("teamwire.example");
    let server = Server::start(move |_, peer| {
        let mut peer = secured(peer, &settings);
        while let Some(request) = peer.request() {
            assert_eq!(request.header("proxy-authorization"), None, "that is the proxy's");
            assert_eq!(request.line, "GET /v1/me HTTP/1.1");
            peer.send(me());
        }
    });
    let seen = Seen::default();
    let proxy = tunnels(&seen, &server);
    let client = through(&proxy, config("https://teamwire.example").with_root_certificates_pem(authority.pem()));
    for _ in 0..3 {
        assert_eq!(ask(&client).expect("an answer"), "Example");
    }
    drop(client);
    let seen = seen.lock().expect("nobody panicked");
    assert_eq!(seen.len(), 1, "one tunnel is enough");
    assert_eq!(seen[0].line, "CONNECT teamwire.example:443 HTTP/1.1");
    assert_eq!(seen[0].header("host"), Some("teamwire.example:443"));
    assert_eq!(seen[0].header("proxy-authorization"), Some(AUTHORIZATION));
    assert_eq!(seen[0].header("authorization"), None, "that is the server's");
}

#[test]
fn plain_http_is_asked_of_the_proxy_itself() {
    let proxy = Server::start(|_, mut peer| {
        while let Some(request) = peer.request() {
            assert_eq!(request.line, "GET http://localhost:1/v1/me HTTP/1.1");
            assert_eq!(request.header("host"), Some("localhost:1"));
            assert_eq!(request.header("proxy-authorization"), Some(AUTHORIZATION));
            assert!(request.header("authorization").is_some());
            peer.send(me());
        }
    });
    let client = through(&proxy, config("http://localhost:1"));
    for _ in 0..3 {
        assert_eq!(ask(&client).expect("an answer"), "Example");
    }
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn a_proxy_that_opens_no_tunnel_is_a_connection_that_was_not_made() {
    let refusals: [fn(&mut Peer) -> bool; 4] = [
        |peer| peer.send("HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n"),
        |peer| peer.send("SOCKS?\r\n"),
        |peer| peer.send("HTTP/1.1 200 OK\r\n\r\nand by the way"),
        |_| true,
    ];
    for refuse in refusals {
        let proxy = Server::start(move |_, mut peer| {
            peer.request();
            refuse(&mut peer);
        });
        let client = through(&proxy, config("https://teamwire.example"));
        let fault = fault(&client);
        assert_eq!((fault.kind, fault.sent), (FaultKind::Connect, false), "{fault}");
        assert!(fault.to_string().contains("no tunnel through the proxy"), "{fault}");
        assert!(!format!("{fault:?} {fault}").contains(PASSWORD));
    }
}

#[test]
fn a_proxy_that_cannot_be_reached_is_what_the_error_speaks_of() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    let options = config("https://teamwire.example").with_proxy(&format!("http://{free}")).expect("a URL");
    let fault = fault(&teamwire_async_std::client(options).expect("options that work"));
    assert_eq!((fault.kind, fault.sent), (FaultKind::Connect, false));
    assert!(
        fault.to_string().contains("no way to the proxy") && fault.to_string().contains(&free.to_string()),
        "{fault}"
    );
}

#[test]
fn a_proxy_that_refuses_a_tunnel_is_not_asked_again() {
    for status in [401, 403, 407] {
        let proxy = Server::start(move |_, mut peer| {
            peer.request();
            peer.send(answer(status, "no"));
        });
        let options = config("https://teamwire.example").with_retry(RetryPolicy::default());
        let client = through(&proxy, options);
        let fault = fault(&client);
        assert_eq!((fault.kind, fault.sent), (FaultKind::Proxy, false), "{fault}");
        assert!(fault.to_string().contains(&status.to_string()), "{fault}");
        let error = ask(&client).expect_err("a refusal");
        assert!(!error.is_transient(), "{error}");
        assert_eq!(proxy.connections(), 2, "one for each call");
        assert!(!format!("{error:?} {error}").contains(PASSWORD));
    }
}

#[test]
fn plain_http_goes_through_a_tunnel_if_that_is_asked_for() {
    let server = Server::start(|_, mut peer| {
        while let Some(request) = peer.request() {
            assert_eq!(request.line, "GET /v1/me HTTP/1.1");
            assert_eq!(request.header("proxy-authorization"), None, "that is the proxy's");
            peer.send(me());
        }
    });
    let seen = Seen::default();
    let proxy = tunnels(&seen, &server);
    let client = through(&proxy, config("http://localhost").with_tunnel_for_plain_http(true));
    for _ in 0..3 {
        assert_eq!(ask(&client).expect("an answer"), "Example");
    }
    drop(client);
    let lines: Vec<_> = seen.lock().expect("nobody panicked").iter().map(|request| request.line.clone()).collect();
    assert_eq!(lines, ["CONNECT localhost:80 HTTP/1.1"]);
}

#[test]
fn a_proxy_that_wants_a_password_for_plain_http_is_asked_once() {
    let proxy = Server::start(|_, mut peer| while peer.request().is_some_and(|_| peer.send(answer(407, ""))) {});
    let client = through(&proxy, config("http://localhost:1"));
    let error = ask(&client).expect_err("a refusal");
    assert!(matches!(&error, Error::Connection(fault) if fault.kind == FaultKind::Proxy && !fault.sent), "{error:?}");
    let shown = format!("{client:?}");
    assert!(!shown.contains(PASSWORD) && !shown.contains("p%3Aw%40d") && !shown.contains("dXNlcjp"), "{shown}");
}

#[test]
fn a_user_name_that_cannot_be_sent_is_refused_at_once() {
    let options = config("http://localhost:1").with_proxy("http://us%3Aer:secret@localhost:2");
    let error = options.expect_err("a colon would end the name");
    assert!(error.to_string().contains("proxy URL") && !error.to_string().contains("secret"), "{error}");
}
