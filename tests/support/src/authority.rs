//! TLS with certificates of a private CA.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ALL_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

/// A private CA.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// A CA of this name. Two of the same name are different CAs.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be generated");
        let pem = params.self_signed(&key).expect("a CA signs its own certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate, which a client has to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The settings of a server of this name.
    pub fn server(&self, name: &str) -> Arc<ServerConfig> {
        self.settings(name, 2999, WebPkiClientVerifier::no_client_auth(), ALL_VERSIONS)
    }

    /// The settings of a server with this version of TLS.
    pub fn server_of(&self, name: &str, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
        self.settings(name, 2999, WebPkiClientVerifier::no_client_auth(), &[version])
    }

    /// The settings of a server whose certificate has expired.
    pub fn expired(&self, name: &str) -> Arc<ServerConfig> {
        self.settings(name, 2001, WebPkiClientVerifier::no_client_auth(), ALL_VERSIONS)
    }

    /// The settings of a server that refuses clients without a certificate of this CA.
    pub fn demanding(&self, name: &str, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("it is the PEM of a certificate");
        roots.add(certificate).expect("it is the certificate of a CA");
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::new(default_provider()));
        self.settings(name, 2999, verifier.build().expect("there is a root"), &[version])
    }

    fn settings(
        &self,
        name: &str,
        year_of_expiry: i32,
        clients: Arc<dyn ClientCertVerifier>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new([name.to_owned()]).expect("it is a name or an address");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year_of_expiry, 1, 1);
        let key = KeyPair::generate().expect("a key can be generated");
        let certificate = params.signed_by(&key, &self.issuer).expect("the CA signs it");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .map(|builder| builder.with_client_cert_verifier(clients))
            .and_then(|builder| builder.with_single_cert(vec![certificate.der().clone()], key));
        Arc::new(config.expect("key and certificate are a pair"))
    }
}
