//! Progress of an exchange.

use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::UploadProgress;

/// Progress of an exchange: for its error, and for the observers of its request's body.
#[derive(Debug, Default)]
pub(super) struct ExchangeProgress {
    /// Number of bytes of the request's head that are still to be sent.
    head_left: usize,
    body: Option<UploadProgress>,
    /// A byte of the request may have left.
    sent: bool,
    /// Number of bytes of the response's body that are at their destination.
    pub(super) received: u64,
    /// Head of the response.
    pub(super) head: Option<http::Response<()>>,
}

impl ExchangeProgress {
    /// Starts a request with a head of this length. `body` is the progress of its body, if that is observed.
    pub(super) fn begin(&mut self, head: usize, body: Option<UploadProgress>) {
        (self.head_left, self.body) = (head, body);
    }

    /// Returns whether the progress of the request's body is observed.
    pub(super) const fn is_observed(&self) -> bool {
        self.body.is_some()
    }

    /// Records that this number of bytes was sent.
    pub(super) fn record_sent(&mut self, bytes: usize) {
        self.sent = true;
        let of_the_head = bytes.min(self.head_left);
        self.head_left -= of_the_head;
        if let Some(body) = &mut self.body {
            body.record((bytes - of_the_head) as u64);
        }
    }

    /// Adds the progress to an error.
    pub(super) fn add_to(self, error: TransportError) -> TransportError {
        // In TLS 1.3 a server rejects a client without a certificate after the handshake, before it reads the request.
        let sent = self.sent && error.kind != TransportErrorKind::ClientCertificate;
        let error = error.with_sent(sent).with_received(self.received);
        match self.head {
            Some(head) => error.with_head(head),
            None => error,
        }
    }
}
