//! Servers prove who they are, or are refused with the reason.

use std::{
    io::Read,
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex, mpsc},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use teamwire_async_std::{Body, Client, Config, FaultKind, RetryPolicy, script::sample};

use crate::support::{Folder, Peer, Probe, Server, always, ask, config, fault, me, perform};

/// A private CA.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("a private CA")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// What a client has to trust.
    pub(crate) fn pem(&self) -> String {
        self.pem.clone()
    }

    /// How a server with this name does TLS.
    pub(crate) fn server(&self, name: &str) -> Arc<ServerConfig> {
        self.server_until(name, 2999, &[&TLS13, &TLS12])
    }

    /// The same for one that demands a certificate of this CA from its clients.
    fn demanding(&self, name: &str, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        let pem = CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("a certificate");
        roots.add(pem).expect("a CA");
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build();
        let (certificate, key) = self.certificate(name, 2999);
        let settings = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("a version that ring can do")
            .with_client_cert_verifier(verifier.expect("a CA"))
            .with_single_cert(vec![certificate], key)
            .expect("a key that fits");
        Arc::new(settings)
    }

    fn server_until(&self, name: &str, year: i32, versions: &[&'static SupportedProtocolVersion]) -> Arc<ServerConfig> {
        let (certificate, key) = self.certificate(name, year);
        let settings = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_protocol_versions(versions)
            .expect("versions that ring can do")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a key that fits");
        Arc::new(settings)
    }

    fn certificate(&self, name: &str, year: i32) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.der().clone(), PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())))
    }
}

/// The same connection, through TLS.
pub(crate) fn secured(peer: Peer, settings: &Arc<ServerConfig>) -> Peer<StreamOwned<ServerConnection, TcpStream>> {
    let session = ServerConnection::new(settings.clone()).expect("settings that work");
    Peer::over(StreamOwned::new(session, peer.stream))
}

fn serving(settings: Arc<ServerConfig>) -> Server {
    Server::start(move |_, peer| {
        let mut peer = secured(peer, &settings);
        while peer.request().is_some_and(|_| peer.send(me())) {}
    })
}

fn https(server: &Server, host: &str) -> Config {
    config(&format!("https://{host}:{}", server.address.port()))
}

fn trusting(server: &Server, authority: &Authority) -> Client {
    teamwire_async_std::client(https(server, "localhost").with_root_certificates_pem(authority.pem())).expect("a CA")
}

#[test]
fn a_server_of_a_trusted_ca_is_talked_to_over_one_connection() {
    let authority = Authority::new();
    for version in [&TLS12, &TLS13] {
        let server = serving(authority.server_until("localhost", 2999, &[version]));
        let client = trusting(&server, &authority);
        for _ in 0..5 {
            assert_eq!(ask(&client).expect("an answer"), "Example");
        }
        assert_eq!(server.connections(), 1, "{version:?}");
    }
}

#[test]
fn a_certificate_may_be_for_an_address() {
    let authority = Authority::new();
    let server = serving(authority.server("127.0.0.1"));
    let options = https(&server, "127.0.0.1").with_root_certificates_pem(authority.pem());
    assert_eq!(ask(&teamwire_async_std::client(options).expect("a CA")).expect("an answer"), "Example");
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_once_and_nothing_is_sent() {
    let (ours, theirs) = (Authority::new(), Authority::named("another private CA"));
    let set_up_again = Authority::new();
    for (settings, words) in [
        (theirs.server("localhost"), "no CA that is trusted here"),
        (set_up_again.server("localhost"), "no CA that is trusted here"),
        (ours.server("other.example"), "for another name"),
        (ours.server_until("localhost", 2001, &[&TLS13]), "has expired"),
    ] {
        let server = serving(settings);
        // On a machine with two addresses of that name, one is enough.
        let probe = Probe { addresses: vec![server.address], ..Probe::default() };
        let options = https(&server, "localhost").with_root_certificates_pem(ours.pem());
        let client = probe.client(options.with_retry(RetryPolicy::default()));
        let fault = fault(&client);
        assert_eq!((fault.kind, fault.sent), (FaultKind::Tls, false), "{fault}");
        assert!(fault.to_string().contains(words), "{fault}");
        assert_eq!(server.connections(), 1);

        let error = ask(&client).expect_err("it is not to be trusted");
        assert!(!error.is_transient() && error.to_string().contains(words), "{error}");
        assert_eq!(server.connections(), 2, "trying again does not help");
    }
}

#[test]
fn a_server_that_is_refused_is_told_why() {
    let (told, is_told) = mpsc::channel();
    let told = Mutex::new(told);
    let settings = Authority::named("another private CA").server("localhost");
    let server = Server::start(move |_, peer| {
        let mut tls = secured(peer, &settings).stream;
        let error = tls.conn.complete_io(&mut tls.sock).expect_err("no handshake");
        told.lock().expect("nobody panicked").send(error.to_string()).expect("the test waits");
    });
    let client = trusting(&server, &Authority::new());
    assert_eq!(fault(&client).kind, FaultKind::Tls);
    let why = is_told.recv().expect("an error");
    assert!(why.contains("UnknownCA"), "{why}");
}

#[test]
fn a_server_without_tls_is_told_from_one_with_trouble() {
    let plain = Server::start(|_, mut peer| {
        peer.send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        peer.wait();
    });
    let client = teamwire_async_std::client(https(&plain, "127.0.0.1")).expect("options that work");
    let fault_ = fault(&client);
    assert_eq!((fault_.kind, fault_.sent), (FaultKind::Tls, false));
    assert!(fault_.to_string().contains("speaks no TLS"), "{fault_}");
    drop(client);

    let closing = Server::start(|_, peer| drop(peer));
    let client = teamwire_async_std::client(https(&closing, "127.0.0.1")).expect("options that work");
    let fault = fault(&client);
    assert_eq!((fault.kind, fault.sent), (FaultKind::Connect, false), "it may be starting");
    assert!(fault.to_string().contains("TLS handshake"), "{fault}");
}

#[test]
fn a_server_with_tls_is_no_plain_one() {
    let authority = Authority::new();
    let server = serving(authority.server("localhost"));
    let client = teamwire_async_std::client(config(&server.url())).expect("options that work");
    let fault = fault(&client);
    assert_eq!((fault.kind, fault.sent), (FaultKind::Protocol, true), "{fault}");
}

#[test]
fn a_server_that_demands_a_client_certificate_says_so_once_and_nothing_was_sent() {
    let authority = Authority::new();
    let folder = Folder::new();
    let path = folder.file("file", vec![0; 10_000_000]);
    for (version, stays) in [(&TLS12, false), (&TLS12, true), (&TLS13, false), (&TLS13, true)] {
        let settings = authority.demanding("localhost", version);
        let server = Server::start(move |_, peer| {
            let mut tls = secured(peer, &settings).stream;
            // With this the alert leaves.
            tls.conn.complete_io(&mut tls.sock).expect_err("there is no certificate");
            if stays {
                let mut rest = vec![0; 65_536];
                while tls.sock.read(&mut rest).is_ok_and(|bytes| bytes > 0) {}
            }
            // Else what is unread of the request makes the end a reset.
        });
        let options = https(&server, "localhost").with_root_certificates_pem(authority.pem());
        let client = teamwire_async_std::client(options.with_retry(RetryPolicy::default())).expect("a CA");
        let file = Body::File { path: path.clone(), length: 10_000_000, may_grow: false };
        for body in [Body::Empty, Body::from(vec![0; 10_000_000]), file] {
            let fault = perform(&client, |exchange| {
                *exchange.request.method_mut() = http::Method::POST;
                *exchange.request.body_mut() = body;
            });
            let fault = fault.expect_err("there is no certificate");
            assert_eq!((fault.kind, fault.sent), (FaultKind::ClientCertificate, false), "{version:?}: {fault}");
        }
        assert_eq!(server.connections(), 3);
        let error = ask(&client).expect_err("there is no certificate");
        assert!(!error.is_transient() && error.to_string().contains("client certificate"), "{error}");
        assert_eq!(server.connections(), 4, "no retry helps");
        drop(client);
    }
}

#[test]
fn an_end_that_the_server_did_not_announce_is_no_end() {
    for (announced, expected) in [(true, None), (false, Some(FaultKind::Lost))] {
        let authority = Authority::new();
        let settings = authority.server("localhost");
        let server = Server::start(move |_, peer| {
            let mut peer = secured(peer, &settings);
            peer.request();
            peer.send(format!("HTTP/1.1 200 OK\r\n\r\n{}", sample::bot()));
            if announced {
                peer.stream.conn.send_close_notify();
                peer.send("");
            }
        });
        let client = trusting(&server, &authority);
        let result = perform(&client, |_| {});
        assert_eq!(result.as_ref().err().map(|fault| fault.kind), expected, "{result:?}");
    }
}

#[test]
fn a_body_that_is_whole_needs_no_announced_end() {
    let authority = Authority::new();
    let settings = authority.server("localhost");
    let server = Server::start(move |_, peer| {
        let mut peer = secured(peer, &settings);
        peer.request();
        peer.send(me());
    });
    let config = https(&server, "localhost").with_root_certificates_pem(authority.pem());
    let client = teamwire_async_std::client(config.with_retry(RetryPolicy::default())).expect("a CA");
    for connections in 1..=3 {
        // Whether its end has arrived by the next request or not: an operation does not fail for it.
        assert_eq!(ask(&client).expect("an answer"), "Example");
        assert_eq!(server.connections(), connections);
    }
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_replaced_unnoticed() {
    let authority = Authority::new();
    let settings = authority.server("localhost");
    let (closed, is_closed) = mpsc::channel();
    let closed = Mutex::new(closed);
    let server = Server::start(move |number, peer| {
        let mut peer = secured(peer, &settings);
        while peer.request().is_some_and(|_| peer.send(me())) {
            if number == 0 {
                peer.stream.conn.send_close_notify();
                peer.send("");
                peer.stream.sock.shutdown(Shutdown::Both).expect("it is open");
                closed.lock().expect("nobody panicked").send(()).expect("the test waits");
            }
        }
    });
    let client = trusting(&server, &authority);
    perform(&client, |_| {}).expect("an answer");
    is_closed.recv().expect("the server closes it");
    perform(&client, |_| {}).expect("an answer at the first attempt");
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_request_leaves_in_one_write_here_too() {
    let authority = Authority::new();
    let server = serving(authority.server("localhost"));
    let probe = Probe { addresses: vec![server.address], ..Probe::default() };
    let client = probe.client(https(&server, "localhost").with_root_certificates_pem(authority.pem()));
    for requests in 1..=4 {
        ask(&client).expect("an answer");
        // One more for the greeting. The end of the handshake leaves with the first request.
        assert_eq!(probe.writes().len(), requests + 1, "{:?}", probe.writes());
    }
}

#[test]
fn large_bodies_pass_both_ways() {
    let authority = Authority::new();
    let settings = authority.server("localhost");
    let server = Server::start(move |_, peer| {
        let mut peer = secured(peer, &settings);
        while let Some(request) = peer.request() {
            peer.send(
                [
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", request.body.len()).into_bytes(),
                    request.body,
                ]
                .concat(),
            );
        }
    });
    let client = trusting(&server, &authority);
    let body: Vec<u8> = (0..3_000_000_usize).map(|at| u8::try_from(at % 251).expect("small")).collect();
    for _ in 0..2 {
        let response = perform(&client, |exchange| {
            *exchange.request.method_mut() = http::Method::POST;
            *exchange.request.body_mut() = Body::from(body.clone());
        });
        assert!(response.expect("an answer").body() == &body);
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn root_certificates_that_are_none_are_refused_at_once() {
    let server = always(me());
    let error = teamwire_async_std::client(https(&server, "localhost").with_root_certificates_pem("no PEM"))
        .expect_err("no certificate");
    assert!(error.to_string().contains("root certificates"), "{error}");
}
