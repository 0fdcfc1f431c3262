use std::{fs, net::TcpListener};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use teamwire_core::claim::StoreErrorKind;
use teamwire_redis::RedisStore;
use teamwire_std::claims::ClaimStore;

use crate::{
    failed, member,
    server::{SOON, Server},
};

/// A CA: its certificate, and the certificate and key of a server on loopback.
struct Authority {
    ca: String,
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let ca = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?.pem();
        Ok(Self { ca, certificate, key: key.serialize_pem() })
    }
}

/// Starts a server with TLS. Its port may be taken before it listens: then it is another one.
fn start(authority: &Authority) -> Option<(Server, u16)> {
    let server = Server::start(&[])?;
    let file = |name: &str, text: &str| {
        let path = server.folder().join(name);
        fs::write(&path, text).expect("the folder is ours");
        path.to_str().expect("it is Unicode").to_owned()
    };
    let (ca, certificate) = (file("ca.pem", &authority.ca), file("server.pem", &authority.certificate));
    let key = file("key.pem", &authority.key);
    server.command::<()>(&["CONFIG", "SET", "tls-auth-clients", "no"]);
    let files = ["tls-ca-cert-file", &ca, "tls-cert-file", &certificate, "tls-key-file", &key];
    for _ in 0..20 {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("loopback has a port").port();
        let mut words = vec!["CONFIG", "SET"];
        words.extend(files);
        let number = port.to_string();
        words.extend(["tls-port", &*number]);
        if server.try_command::<()>(&words).is_ok() {
            return Some((server, port));
        }
    }
    panic!("no port is free");
}

#[test]
fn certificates_are_verified() {
    let (authority, other) = (Authority::new().expect("it signs"), Authority::new().expect("it signs"));
    let Some((_server, port)) = start(&authority) else { return };
    let open = || RedisStore::open(&format!("rediss://127.0.0.1:{port}")).expect("it is valid").with_timeout(SOON);
    let trusting = |pem: &str| open().with_root_certificates_pem(pem).expect("it is a CA");
    for mut store in [open(), trusting(&other.ca)] {
        let (kind, text) = failed(&mut store);
        assert_eq!(kind, StoreErrorKind::Unavailable, "it may be replaced by a valid one");
        assert!(text.contains("not signed by a trusted CA"), "{text}");
    }
    let view = trusting(&authority.ca).renew(&member("a")).expect("the certificate is valid");
    assert_eq!(view.members, ["a"]);
    let mut wrong_name = RedisStore::open(&format!("rediss://localhost:{port}"))
        .and_then(|store| store.with_root_certificates_pem(&*authority.ca))
        .expect("it is valid")
        .with_timeout(SOON);
    let (_, text) = failed(&mut wrong_name);
    assert!(text.contains("for another name"), "{text}");
}

#[test]
fn certificates_that_cannot_be_used_are_rejected() {
    let open = |url: &str| RedisStore::open(url).expect("it is valid");
    let error = open("rediss://localhost").with_root_certificates_pem("no PEM").expect_err("it has none");
    assert!(error.to_string().contains("no certificate"), "{error}");
    let authority = Authority::new().expect("it signs");
    let error = open("redis://localhost").with_root_certificates_pem(authority.ca).expect_err("it is not TLS");
    assert!(error.to_string().contains("rediss://"), "{error}");
}
