use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Instant,
};

use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::{PreferredAddresses, at_host};

use super::{lookups::Lookups, race, socket::Socket};

/// Connects to hosts by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    lookups: Lookups,
    preferred: Arc<PreferredAddresses>,
}

impl Hosts {
    /// Creates hosts with these lookups.
    #[cfg(test)]
    pub(crate) fn with(lookups: Lookups) -> Self {
        Self { lookups, ..Self::default() }
    }

    /// Connects to this host; an IPv6 address has no brackets. Returns the connection, and its address if there were
    /// others to choose from.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] at the deadline; else an error that wraps a [`TransportError`].
    pub(crate) fn connect(
        &self,
        host: &str,
        port: u16,
        deadline: Option<Instant>,
    ) -> io::Result<(Socket, Option<SocketAddr>)> {
        let failed = |kind| {
            move |error: io::Error| match error.kind() {
                ErrorKind::TimedOut => error,
                _ => io::Error::other(TransportError::new(kind, format!("{host}:{port}: {error}"))),
            }
        };
        let found = self.lookups.find(host, port, deadline).map_err(failed(TransportErrorKind::Resolve))?;
        let addresses = self.preferred.order(host, port, found);
        let stream = race::connect(&addresses, deadline).map_err(|error| match error.kind() {
            ErrorKind::TimedOut => error,
            _ => io::Error::other(TransportError::new(TransportErrorKind::Connect, at_host(host, error))),
        })?;
        let chosen = stream.peer_addr().ok().filter(|_| addresses.len() > 1);
        Ok((Socket::new(stream).map_err(failed(TransportErrorKind::Connect))?, chosen))
    }

    /// Sets the address of this host to try first the next time; `None` restores the order of the lookup.
    pub(crate) fn prefer(&self, host: &str, port: u16, address: Option<SocketAddr>) {
        self.preferred.set(host, port, address);
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Duration};

    use super::*;

    #[test]
    fn the_preferred_address_is_tried_first() {
        let [first, second] = [(), ()].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let [a, b] = [&first, &second].map(|listener| listener.local_addr().expect("it is bound"));
        let hosts = Hosts::with(Lookups::with(move |_, _| Ok(vec![a, b])));
        for (preferred, expected) in [(None, a), (Some(b), b), (None, a)] {
            hosts.prefer("host", 1, preferred);
            let deadline = Some(Instant::now() + Duration::from_secs(10));
            let (_, chosen) = hosts.connect("host", 1, deadline).expect("one of them listens");
            assert_eq!(chosen, Some(expected));
        }
    }

    #[test]
    fn a_failure_names_the_host_and_its_kind() {
        let kind = |hosts: Hosts| {
            let error = hosts.connect("host", 1, None).expect_err("no connection");
            assert!(error.to_string().contains(": host:"), "{error}");
            error.downcast::<TransportError>().expect("a transport error").kind
        };
        assert_eq!(
            kind(Hosts::with(Lookups::with(|_, _| Err(ErrorKind::NotFound.into())))),
            TransportErrorKind::Resolve
        );
        let refusing = vec![SocketAddr::from(([127, 0, 0, 1], 1))];
        assert_eq!(kind(Hosts::with(Lookups::with(move |_, _| Ok(refusing.clone())))), TransportErrorKind::Connect);
    }
}
