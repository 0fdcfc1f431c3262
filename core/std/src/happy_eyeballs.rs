//! Order of connection attempts to the addresses of a host (RFC 8305, "Happy Eyeballs").

use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Delay before the attempt to the next address (RFC 8305, section 5).
pub const CONNECTION_ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// Maximum number of hosts whose preferred address is remembered.
const MAX_PREFERRED: usize = 16;

/// Address at which each host was reached last, which is tried first the next time.
#[derive(Debug, Default)]
pub struct PreferredAddresses(Mutex<Vec<(String, u16, SocketAddr)>>);

impl PreferredAddresses {
    /// Sorts the addresses of this host in the order of the attempts.
    pub fn order(&self, host: &str, port: u16, addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
        let mut addresses = interleave_families(addresses);
        let all = self.lock();
        let preferred = all.iter().find(|(name, at, _)| name == host && *at == port);
        if let Some(place) = preferred.and_then(|(.., best)| addresses.iter().position(|address| address == best)) {
            addresses[..=place].rotate_right(1);
        }
        addresses
    }

    /// Sets the address of this host to try first; `None` restores the order of the lookup.
    pub fn set(&self, host: &str, port: u16, address: Option<SocketAddr>) {
        let mut all = self.lock();
        all.retain(|(name, at, _)| name != host || *at != port);
        if all.len() == MAX_PREFERRED {
            all.remove(0);
        }
        all.extend(address.map(|address| (host.to_owned(), port, address)));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, u16, SocketAddr)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Interleaves both address families, keeping the order within each (RFC 8305, section 4).
fn interleave_families(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (ours, others): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first);
    let mut others = others.into_iter();
    let mut mixed: Vec<_> = ours.into_iter().flat_map(|ours| [Some(ours), others.next()]).flatten().collect();
    mixed.extend(others);
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate_and_keep_their_order() {
        let of = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect::<Vec<_>>();
        assert_eq!(
            interleave_families(of(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"])),
            of(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"])
        );
        assert_eq!(
            interleave_families(of(&["1.1.1.1:1", "[::1]:1", "[::2]:1"])),
            of(&["1.1.1.1:1", "[::1]:1", "[::2]:1"])
        );
        assert_eq!(interleave_families(Vec::new()), Vec::new());
    }

    #[test]
    fn the_preferred_address_comes_first_until_it_is_dropped() {
        let of = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect::<Vec<_>>();
        let (found, best) = (of(&["1.1.1.1:1", "1.1.1.2:1", "1.1.1.3:1"]), "1.1.1.2:1".parse().expect("an address"));
        let preferred = PreferredAddresses::default();
        preferred.set("host", 1, Some(best));
        assert_eq!(preferred.order("host", 1, found.clone()), of(&["1.1.1.2:1", "1.1.1.1:1", "1.1.1.3:1"]));
        assert_eq!(preferred.order("host", 2, found.clone()), found);
        preferred.set("host", 1, None);
        assert_eq!(preferred.order("host", 1, found.clone()), found);
        for port in 0..100 {
            preferred.set("host", port, Some(best));
        }
        assert_eq!(preferred.lock().len(), MAX_PREFERRED);
    }
}
