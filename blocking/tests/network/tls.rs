//! TLS with certificates of a private CA: who is trusted, and what is said of those who are not.

use std::{
    io::{BufRead, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use teamwire_blocking::{Body, Client, Fault, FaultKind, Timeout};
use ureq::http::Method;

use crate::support::{File, ME, Peer, Server, accept, as_is, config, fault, logged, posting, response};

/// A CA of our own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("Test CA"));

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// What a server with a certificate for this name goes by.
    fn server(&self, name: &str, expired: bool) -> Arc<ServerConfig> {
        self.server_of(name, expired, WebPkiClientVerifier::no_client_auth(), rustls::ALL_VERSIONS)
    }

    /// The same, with clients that have a certificate of this CA, and others that are refused.
    fn demanding_server(&self, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        let pem = CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("a certificate");
        roots.add(pem).expect("a certificate of a CA");
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::new(default_provider()));
        self.server_of("localhost", false, verifier.build().expect("there are roots"), &[version])
    }

    fn server_of(
        &self,
        name: &str,
        expired: bool,
        clients: Arc<dyn ClientCertVerifier>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        if expired {
            params.not_after = date_time_ymd(2001, 1, 1);
            params.not_before = date_time_ymd(2000, 1, 1);
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .map(|builder| builder.with_client_cert_verifier(clients))
            .and_then(|builder| builder.with_single_cert(vec![certificate.der().clone()], key));
        Arc::new(config.expect("key and certificate are of a pair"))
    }
}

type TlsPeer = Peer<StreamOwned<ServerConnection, TcpStream>>;

fn accept_tls(listener: &TcpListener, config: &Arc<ServerConfig>) -> TlsPeer {
    let tls = ServerConnection::new(config.clone()).expect("a session");
    Peer::new(StreamOwned::new(tls, accept(listener).stream))
}

fn url(server: &Server) -> String {
    format!("https://localhost:{}", server.address.port())
}

/// A client that trusts the CA, if no other.
fn client_of(url: &str) -> Client {
    teamwire_blocking::client(config(url).with_root_certificates_pem(AUTHORITY.pem.as_str())).expect("a client")
}

/// What is said of a server whose handshake fails.
fn refused(tls: Arc<ServerConfig>) -> Fault {
    let server = Server::new(move |listener| {
        let mut peer = accept_tls(listener, &tls);
        assert!(peer.stream.conn.complete_io(&mut peer.stream.sock).is_err() || peer.next_request().is_none());
    });
    let fault = fault(&client_of(&url(&server)), as_is);
    assert_eq!((fault.kind, fault.sent, fault.reused), (FaultKind::Tls, false, false), "{fault}");
    server.done();
    fault
}

#[test]
fn a_server_of_the_private_ca_is_trusted_and_its_connection_kept() {
    let tls = AUTHORITY.server("localhost", false);
    let server = Server::new(move |listener| {
        let mut peer = accept_tls(listener, &tls);
        for _ in 0..2 {
            peer.serve(200, ME);
        }
        assert_eq!(peer.serve(500, "").body, r#"{"msg":"hello"}"#);
    });
    let client = client_of(&url(&server));
    for _ in 0..2 {
        assert_eq!(client.contacts().me().expect("an answer").first_name, "Example");
    }
    assert!(client.chats().chat("c1").post("hello").is_err());
    server.done();
}

#[test]
fn head_and_body_leave_in_one_record() {
    let tls = AUTHORITY.server("localhost", false);
    let server = Server::new(move |listener| {
        let mut peer = accept_tls(listener, &tls);
        let record = String::from_utf8_lossy(peer.stream.fill_buf().expect("a record"));
        assert!(record.starts_with("POST ") && record.ends_with(r#"{"msg":"hello"}"#), "{record}");
    });
    assert!(client_of(&url(&server)).chats().chat("c1").post("hello").is_err());
    server.done();
}

#[test]
fn a_record_that_nobody_asked_for_is_not_taken_for_an_answer() {
    let tls = AUTHORITY.server("localhost", false);
    let server = Server::new(move |listener| {
        let mut peer = accept_tls(listener, &tls);
        peer.request();
        let StreamOwned { conn, sock } = &mut peer.stream;
        // Two records in one piece: rustls takes no more than 4 KB of it at a time.
        for status in [200, 500] {
            let record = format!("HTTP/1.1 {status} Said\r\ncontent-length: 3000\r\n\r\n{}", "x".repeat(3000));
            conn.writer().write_all(record.as_bytes()).expect("room for two");
        }
        conn.complete_io(sock).expect("a client that listens");
        peer.until_closed();
        accept_tls(listener, &tls).serve(200, ME);
    });
    let client = client_of(&url(&server));
    assert_eq!(response(&client, as_is).body().len(), 3000);
    assert_eq!(client.contacts().me().expect("an answer").first_name, "Example");
    server.done();
}

#[test]
fn a_connection_with_something_left_over_is_not_used_again() {
    for length in [10, 40_000] {
        let tls = AUTHORITY.server("localhost", false);
        let server = Server::new(move |listener| {
            accept_tls(listener, &tls).answer_too_much(length);
            accept_tls(listener, &tls).serve(200, ME);
        });
        let client = client_of(&url(&server));
        assert_eq!(response(&client, as_is).body().len(), length);
        assert_eq!(client.contacts().me().expect("an answer").first_name, "Example");
        server.done();
    }
}

#[test]
fn a_server_with_an_address_for_a_name_is_trusted() {
    let tls = AUTHORITY.server("127.0.0.1", false);
    let server = Server::new(move |listener| drop(accept_tls(listener, &tls).serve(200, ME)));
    client_of(&format!("https://{}", server.address)).contacts().me().expect("an answer");
    server.done();
}

#[test]
fn an_address_of_version_six_is_a_name_without_its_brackets() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let address = listener.local_addr().expect("it is bound");
    let tls = AUTHORITY.server("::1", false);
    let server = thread::spawn(move || drop(accept_tls(&listener, &tls).serve(200, ME)));
    let log = logged(|| drop(response(&client_of(&format!("https://{address}")), as_is)));
    assert!(!log.contains("Resolve with timeout"), "there is nothing to look up: {log}");
    server.join().expect("the server got what it waits for");
}

#[test]
fn large_bodies_go_both_ways() {
    let body = "a b".repeat(200_000);
    let (tls, sent) = (AUTHORITY.server("localhost", false), body.clone());
    let server = Server::new(move |listener| {
        let request = accept_tls(listener, &tls).serve(200, &sent);
        assert!(request.body == sent);
    });
    let answer = response(&client_of(&url(&server)), |exchange| {
        *exchange.request.method_mut() = Method::POST;
        *exchange.request.body_mut() = Body::from(body.clone().into_bytes());
    });
    assert!(answer.body() == body.as_bytes());
    server.done();
}

#[test]
fn tls_goes_through_the_tunnel_of_a_proxy() {
    let tls = AUTHORITY.server("backend.invalid", false);
    let proxy = Server::new(move |listener| {
        let mut peer = accept(listener);
        assert!(peer.request().head.starts_with("CONNECT backend.invalid:443 HTTP/1.1\r\n"));
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        let tls = ServerConnection::new(tls).expect("a session");
        let mut peer = Peer::new(StreamOwned::new(tls, peer.stream));
        for _ in 0..2 {
            peer.serve(200, ME);
        }
    });
    let config = config("https://backend.invalid")
        .with_root_certificates_pem(AUTHORITY.pem.as_str())
        .with_proxy(&format!("http://{}", proxy.address))
        .expect("a proxy");
    let client = teamwire_blocking::client(config).expect("a client");
    for _ in 0..2 {
        client.contacts().me().expect("an answer");
    }
    proxy.done();
}

#[test]
fn another_ca_is_not_trusted() {
    let fault = refused(Authority::new("Another CA").server("localhost", false));
    assert!(fault.to_string().contains("no CA that is trusted here signed"), "{fault}");
}

#[test]
fn another_name_is_not_trusted() {
    let fault = refused(AUTHORITY.server("elsewhere.example", false));
    assert!(fault.to_string().contains("is for another name"), "{fault}");
}

#[test]
fn an_expired_certificate_is_not_trusted() {
    let fault = refused(AUTHORITY.server("localhost", true));
    assert!(fault.to_string().contains("has expired"), "{fault}");
}

#[test]
fn a_port_without_tls_is_said_so() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        assert!(peer.stream.read(&mut [0; 4096]).expect("a greeting") > 0);
        peer.send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        peer.until_closed();
    });
    let fault = fault(&client_of(&url(&server)), as_is);
    assert_eq!((fault.kind, fault.sent), (FaultKind::Tls, false), "{fault}");
    assert!(fault.to_string().contains("speaks no TLS"), "{fault}");
    server.done();
}

#[test]
fn plain_http_to_a_port_with_tls_is_said_so() {
    let tls = AUTHORITY.server("localhost", false);
    let server = Server::new(move |listener| {
        let mut peer = accept_tls(listener, &tls);
        assert!(peer.stream.conn.complete_io(&mut peer.stream.sock).is_err());
    });
    let fault = fault(&server.client(), as_is);
    assert!(fault.sent && matches!(fault.kind, FaultKind::Protocol | FaultKind::Lost), "{fault:?}");
    server.done();
}

#[test]
fn a_handshake_that_breaks_is_as_if_there_was_no_connection() {
    let server = Server::new(|listener| {
        let mut peer = accept(listener);
        assert!(peer.stream.read(&mut [0; 4096]).expect("a greeting") > 0);
    });
    let fault = fault(&client_of(&url(&server)), as_is);
    assert_eq!((fault.kind, fault.sent, fault.reused), (FaultKind::Connect, false, false), "{fault:?}");
    server.done();
}

#[test]
fn a_handshake_is_not_waited_for_longer_than_the_timeout() {
    let time = Duration::from_millis(100);
    for timeout in [Timeout::Total(time), Timeout::Inactivity(time)] {
        let server = Server::new(|listener| accept(listener).until_closed());
        let fault = fault(&client_of(&url(&server)), |exchange| exchange.timeout = timeout);
        assert_eq!((fault.kind, fault.sent), (FaultKind::Timeout, false), "{fault:?}");
        server.done();
    }
}

#[test]
fn the_time_that_a_tunnel_takes_is_not_given_again_to_the_handshake() {
    let proxy = Server::new(|listener| {
        let mut peer = accept(listener);
        peer.request();
        // The pace is what is tested.
        thread::sleep(Duration::from_millis(800));
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        peer.until_closed();
    });
    let config = config("https://backend.invalid").with_proxy(&format!("http://{}", proxy.address)).expect("a proxy");
    let (client, begin) = (teamwire_blocking::client(config).expect("a client"), Instant::now());
    let fault = fault(&client, |exchange| exchange.timeout = Timeout::Total(Duration::from_secs(1)));
    assert_eq!((fault.kind, fault.sent), (FaultKind::Timeout, false), "{fault:?}");
    assert!(begin.elapsed() < Duration::from_millis(1_600), "{:?}", begin.elapsed());
    proxy.done();
}

#[test]
fn an_answer_cut_off_without_a_goodbye_is_not_taken_for_a_whole_one() {
    let tls = AUTHORITY.server("localhost", false);
    let server = Server::new(move |listener| {
        let mut peer = accept_tls(listener, &tls);
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789");
    });
    let fault = fault(&client_of(&url(&server)), as_is);
    assert_eq!((fault.kind, fault.sent, fault.received), (FaultKind::Lost, true, 10), "{fault:?}");
    server.done();
}

#[test]
fn a_server_that_demands_a_certificate_says_so_and_has_got_nothing() {
    for (version, closes) in [(&TLS12, false), (&TLS12, true), (&TLS13, false), (&TLS13, true)] {
        for length in [0, 10, 32 << 20] {
            let tls = AUTHORITY.demanding_server(version);
            let server = Server::new(move |listener| {
                let mut peer = accept_tls(listener, &tls);
                let error = peer.stream.conn.complete_io(&mut peer.stream.sock).expect_err("no certificate");
                assert!(error.to_string().contains("certificate"), "{error}");
                if !closes {
                    peer.stream.sock.shutdown(Shutdown::Write).expect("it is connected");
                    Peer::new(&peer.stream.sock).until_closed();
                }
            });
            let fault = fault(&client_of(&url(&server)), posting(Body::from(vec![b'x'; length])));
            let expected = (FaultKind::ClientCertificate, false, false);
            assert_eq!((fault.kind, fault.sent, fault.reused), expected, "{version:?}, {length}: {fault:?}");
            server.done();
        }
    }
}

#[test]
fn a_refusal_in_the_middle_of_a_request_is_the_response() {
    for closes in [true, false] {
        let tls = AUTHORITY.server("localhost", false);
        let server = Server::new(move |listener| {
            let mut peer = accept_tls(listener, &tls);
            peer.head();
            peer.answer(413, "big");
            if closes {
                drop(peer);
            } else {
                peer.until_closed();
            }
            accept_tls(listener, &tls).serve(200, ME);
        });
        let client = client_of(&url(&server));
        let answer = response(&client, posting(Body::from(vec![b'x'; 32 << 20])));
        assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (413, b"big".as_slice()));
        response(&client, as_is);
        server.done();
    }
}

#[test]
fn a_file_that_is_announced_arrives_when_it_is_asked_for() {
    const LENGTH: usize = 300_000;
    let tls = AUTHORITY.server("localhost", false);
    let server = Server::new(move |listener| {
        let mut peer = accept_tls(listener, &tls);
        peer.head();
        peer.send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
        peer.send("HTTP/1.1 100 Continue\r\nx: y\r\n\r\n");
        peer.body(LENGTH);
        peer.answer(200, ME);
    });
    response(&client_of(&url(&server)), posting(File::new(LENGTH).body()));
    server.done();
}
