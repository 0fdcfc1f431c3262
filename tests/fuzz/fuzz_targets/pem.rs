//! Any bytes as root certificates: they are accepted, or rejected with an error.

#![no_main]

use base64::{Engine, prelude::BASE64_STANDARD};
use libfuzzer_sys::fuzz_target;
use teamwire_core::{Config, ErrorKind};
use teamwire_fuzz::{assert_no_credentials, credentials, limited};

fuzz_target!(|input: &[u8]| {
    let Some((form, bytes)) = input.split_first() else { return };
    let text = match form % 3 {
        0 => bytes.to_vec(),
        1 => certificate(bytes),
        _ => [certificate(bytes).as_slice(), bytes].concat(),
    };
    let config = Config::new("https://teamwire.example.org", credentials()).expect("the URL is valid");
    let config = config.with_root_certificates_pem(text);
    if let Err(error) = limited(input.len(), || teamwire_std::tls_config(&config).map(drop)) {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert_no_credentials(&error);
    }
});

/// Encodes bytes as a PEM certificate. Mutations of the bytes are effective, whereas mutated Base64 is mostly invalid.
fn certificate(der: &[u8]) -> Vec<u8> {
    let base64 = BASE64_STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n").into_bytes()
}
