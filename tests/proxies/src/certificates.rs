//! A private CA, and a certificate for loopback.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::Failure;

/// PEM texts for both sides of a TLS connection.
#[derive(Debug)]
pub(crate) struct Certificates {
    /// The CA's certificate.
    pub(crate) root: String,
    /// The server's certificate and key, in the format of haproxy.
    pub(crate) server: String,
}

impl Certificates {
    /// Creates a new CA, and a server certificate for 127.0.0.1.
    pub(crate) fn generate() -> Result<Self, Failure> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Private CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let root = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
        Ok(Self { root, server: format!("{}{}", certificate.pem(), key.serialize_pem()) })
    }
}
