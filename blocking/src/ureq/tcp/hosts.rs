use std::{
    collections::HashMap,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use teamwire_core::{Fault, FaultKind};
use teamwire_std::interleave_families;

use super::{look_up::LookUps, race, socket::Socket};

/// Connections to hosts by name. Remembers which of its addresses accepted last, and tries that first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    look_ups: LookUps,
    accepted: Arc<Mutex<HashMap<(String, u16), SocketAddr>>>,
}

impl Hosts {
    /// Looks hosts up by these look-ups.
    #[cfg(test)]
    pub(crate) fn with(look_ups: LookUps) -> Self {
        Self { look_ups, ..Self::default() }
    }

    /// Connects to this host, an IPv6 address without its brackets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] at the deadline; else one that wraps a [`Fault`].
    pub(crate) fn connect(&self, host: &str, port: u16, deadline: Option<Instant>) -> io::Result<Socket> {
        let about = |kind| {
            move |error: io::Error| match error.kind() {
                ErrorKind::TimedOut => error,
                _ => io::Error::other(Fault::new(kind, format!("{host}:{port}: {error}"))),
            }
        };
        let found = self.look_ups.find(host, port, deadline).map_err(about(FaultKind::Resolve))?;
        let mut addresses = interleave_families(found);
        let key = (host.to_owned(), port);
        if let Some(last) = self.with_accepted(|accepted| accepted.get(&key).copied())
            && let Some(at) = addresses.iter().position(|address| *address == last)
        {
            addresses[..=at].rotate_right(1);
        }
        let stream = race::connect(&addresses, deadline).map_err(about(FaultKind::Connect))?;
        if addresses.len() > 1
            && let Ok(address) = stream.peer_addr()
        {
            self.with_accepted(|accepted| accepted.insert(key, address));
        }
        Socket::new(stream).map_err(about(FaultKind::Connect))
    }

    fn with_accepted<T>(&self, act: impl FnOnce(&mut HashMap<(String, u16), SocketAddr>) -> T) -> T {
        act(&mut self.accepted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Duration};

    use super::*;

    #[test]
    fn the_address_that_accepted_is_tried_first_the_next_time() {
        let [first, second] = [(), ()].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let [a, b] = [&first, &second].map(|listener| listener.local_addr().expect("it is bound"));
        let refusing = SocketAddr::from(([127, 0, 0, 1], 1));
        let found = Mutex::new(vec![vec![a, b], vec![refusing, b]]);
        let next = move |_: &str, _| Ok(found.lock().ok().and_then(|mut found| found.pop()).unwrap_or_default());
        let hosts = Hosts::with(LookUps::with(next));
        for _ in 0..2 {
            let deadline = Some(Instant::now() + Duration::from_secs(10));
            let socket = hosts.connect("host", 1, deadline).expect("one of them listens");
            assert_eq!(socket.stream().peer_addr().expect("it is connected"), b);
        }
    }

    #[test]
    fn a_failure_names_the_host_and_its_kind() {
        let kind = |hosts: Hosts| {
            let error = hosts.connect("host", 1, None).expect_err("no connection");
            assert!(error.to_string().contains("host:1: "), "{error}");
            error.downcast::<Fault>().expect("a fault").kind
        };
        assert_eq!(kind(Hosts::with(LookUps::with(|_, _| Err(ErrorKind::NotFound.into())))), FaultKind::Resolve);
        let refusing = vec![SocketAddr::from(([127, 0, 0, 1], 1))];
        assert_eq!(kind(Hosts::with(LookUps::with(move |_, _| Ok(refusing.clone())))), FaultKind::Connect);
    }
}
