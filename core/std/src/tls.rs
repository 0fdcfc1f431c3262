use std::{io, sync::Arc};

use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, Error as TlsError, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use teamwire_core::{
    Config, Error,
    effect::{TransportError, TransportErrorKind},
    error::InvalidInput,
};

use crate::host::without_brackets;

/// Returns the TLS settings: the public CAs and those of [`Config::with_root_certificates_pem`], TLS 1.2 or later,
/// HTTP/1.1.
///
/// # Errors
///
/// `InvalidInput` if the PEM text has no certificate or an invalid one, or if no certificate can be valid for the host
/// of the `https` base URL.
pub fn tls_config(config: &Config) -> Result<Arc<ClientConfig>, Error> {
    let base = config.base_url();
    let host = without_brackets(base.host_str().unwrap_or_default());
    if base.scheme() == "https" && ServerName::try_from(host).is_err() {
        return Err(InvalidInput::new("base URL", "no certificate can be valid for this host name").into());
    }
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for pem in config.root_certificates() {
        add_certificates(&mut roots, pem).map_err(|reason| InvalidInput::new("root certificates", reason))?;
    }
    let mut tls = ClientConfig::builder_with_provider(crypto_provider()?)
        .with_safe_default_protocol_versions()
        .map_err(|why| InvalidInput::new("TLS", why.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(tls))
}

/// Checks that this PEM text has certificates, and that all of them are valid.
///
/// # Errors
///
/// The reason for which it has none, or for which one is invalid.
pub fn check_certificates(pem: &[u8]) -> Result<(), String> {
    add_certificates(&mut RootCertStore::empty(), pem)
}

fn add_certificates(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), String> {
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|why| format!("the PEM text is invalid: {why}"))?;
        roots.add(certificate).map_err(|why| format!("certificate {} is invalid: {why}", found + 1))?;
        found += 1;
    }
    if found == 0 { Err("the PEM text has no certificate".to_owned()) } else { Ok(()) }
}

/// Returns the crypto provider of the enabled feature, or else the default that the program has installed.
///
/// # Errors
///
/// `InvalidInput` if there is neither.
pub fn crypto_provider() -> Result<Arc<CryptoProvider>, InvalidInput> {
    #[cfg(feature = "aws-lc-rs")]
    let provider = Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    let provider = Some(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
    let provider = CryptoProvider::get_default().cloned();
    provider.ok_or_else(|| {
        let reason =
            "no cryptography provider: enable the feature `ring` or `aws-lc-rs`, or install a default in rustls";
        InvalidInput::new("TLS", reason)
    })
}

/// Returns whether all decrypted bytes were read, and the server has not closed the session.
pub fn tls_is_idle(session: &mut ClientConnection) -> bool {
    session.process_new_packets().is_ok_and(|state| state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed())
}

/// Returns the error to report if a read or write failed because the server requires a client certificate. In TLS 1.3
/// it sends that alert after the handshake, and has not read anything of the request.
pub fn client_certificate_error(error: &io::Error) -> Option<TransportError> {
    let error = tls_error(error.get_ref()?.downcast_ref()?);
    (error.kind == TransportErrorKind::ClientCertificate).then_some(error)
}

/// Maps an error of the handshake to one with a helpful message.
pub fn tls_error(error: &TlsError) -> TransportError {
    use AlertDescription as Alert;
    let what = match error {
        // Only a server that verifies client certificates sends these alerts.
        TlsError::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied,
        ) => return TransportError::new(TransportErrorKind::ClientCertificate, error.to_string()),
        // A recreated CA has the same name and a new key, which results in a bad signature.
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "the server's certificate is not signed by a trusted CA (add a private CA to the root certificates)"
        }
        TlsError::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server's certificate has expired"
        }
        TlsError::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the server's certificate is for another name",
        TlsError::InvalidMessage(_) => "the server does not speak TLS on this port",
        _ => "the TLS handshake failed",
    };
    TransportError::new(TransportErrorKind::Tls, format!("{what}: {error}"))
}
