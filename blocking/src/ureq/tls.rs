use std::{
    io::{self, Read, Write},
    sync::Arc,
};

use rustls::{ClientConfig, ClientConnection, Error as TlsError, pki_types::ServerName};
use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::tls_error;

/// Performs the TLS handshake, and verifies that the server is `host`.
///
/// # Errors
///
/// An error that wraps a [`TransportError`] if TLS fails, else the error of the socket.
pub(super) fn tls_handshake(
    config: Arc<ClientConfig>,
    host: &str,
    socket: &mut (impl Read + Write),
) -> io::Result<Box<ClientConnection>> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|why| io::Error::other(TransportError::new(TransportErrorKind::Tls, format!("{host}: {why}"))))?;
    let tls = ClientConnection::new(config, name).map_err(|why| io::Error::other(tls_error(&why)))?;
    let mut tls = Box::new(tls);
    if let Err(error) = tls.complete_io(socket) {
        let why = error.get_ref().and_then(|inner| inner.downcast_ref()).cloned();
        // Sends the alert with the reason. rustls tries a single write, which may take only one of its messages.
        while why.is_some() && tls.wants_write() && tls.write_tls(socket).is_ok_and(|amount| amount > 0) {}
        return Err(match why.or_else(|| alert_before(&error, &mut tls, socket)) {
            Some(why) => io::Error::other(tls_error(&why)),
            None if error.kind() == io::ErrorKind::TimedOut => error,
            None => io::Error::new(error.kind(), format!("the TLS handshake failed: {error}")),
        });
    }
    Ok(tls)
}

/// Reads the alert that had arrived when a write failed: a server that rejects a client sends one and closes the
/// connection while the client is still writing.
fn alert_before(error: &io::Error, tls: &mut ClientConnection, socket: &mut impl Read) -> Option<TlsError> {
    use io::ErrorKind as E;
    if !matches!(error.kind(), E::BrokenPipe | E::ConnectionReset | E::ConnectionAborted) {
        return None;
    }
    while tls.read_tls(socket).is_ok_and(|amount| amount > 0) {
        if let Err(why) = tls.process_new_packets() {
            return Some(why);
        }
    }
    None
}
