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

/// Returns the settings of TLS: the public CAs and those of [`Config::with_root_certificates_pem`], TLS 1.2 or later, HTTP/1.1.
///
/// # Errors
///
/// `InvalidInput` for a PEM text with no certificate, or with an invalid one; and for a base URL of `https` with a host that
/// no certificate can be for.
pub fn tls_config(config: &Config) -> Result<Arc<ClientConfig>, Error> {
    let base = config.base_url();
    let host = without_brackets(base.host_str().unwrap_or_default());
    if base.scheme() == "https" && ServerName::try_from(host).is_err() {
        return Err(InvalidInput::new("base URL", "no certificate can be for such a host name").into());
    }
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for pem in config.root_certificates() {
        let refuse = |why: String| InvalidInput::new("root certificates", why);
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|why| refuse(format!("the PEM text is broken: {why}")))?;
            roots.add(certificate).map_err(|why| refuse(format!("certificate {} is invalid: {why}", found + 1)))?;
            found += 1;
        }
        if found == 0 {
            return Err(refuse("there is no certificate in the PEM text".into()).into());
        }
    }
    let mut tls = ClientConfig::builder_with_provider(provider()?)
        .with_safe_default_protocol_versions()
        .map_err(|why| InvalidInput::new("TLS", why.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(tls))
}

/// The cryptography of the enabled feature, or else the default that the program has installed.
fn provider() -> Result<Arc<CryptoProvider>, InvalidInput> {
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

/// Returns whether all deciphered bytes were read, and the server has not ended the session.
pub fn tls_is_idle(session: &mut ClientConnection) -> bool {
    session.process_new_packets().is_ok_and(|state| state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed())
}

/// Returns the error of this error of a read or a write, if the server demands a client certificate. In TLS 1.3 a server refuses
/// a client without a certificate only after the handshake; it has then read nothing of the request.
pub fn client_certificate_error(error: &io::Error) -> Option<TransportError> {
    let error = tls_error(error.get_ref()?.downcast_ref()?);
    (error.kind == TransportErrorKind::ClientCertificate).then_some(error)
}

/// Returns the error of a failed handshake, with a message that names the usual mistakes.
pub fn tls_error(error: &TlsError) -> TransportError {
    use AlertDescription as Alert;
    let what = match error {
        // A server that judges certificates judges the client's.
        TlsError::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied,
        ) => return TransportError::new(TransportErrorKind::ClientCertificate, error.to_string()),
        // A CA that was set up again has the same name and another key, which shows as a bad signature.
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "no CA that is trusted here signed the server's certificate (a private one goes into the root certificates)"
        }
        TlsError::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server's certificate has expired"
        }
        TlsError::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the server's certificate is for another name",
        TlsError::InvalidMessage(_) => "the server speaks no TLS on this port",
        _ => "the TLS handshake failed",
    };
    TransportError::new(TransportErrorKind::Tls, format!("{what}: {error}"))
}
