//! The order in which the addresses of a host are tried (RFC 8305, "Happy Eyeballs").

use std::{net::SocketAddr, time::Duration};

/// Time before the next address is tried as well (RFC 8305, section 5).
pub const CONNECTION_ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Orders addresses for attempts: both families in turn, in the order given within each (as in RFC 8305, section 4).
pub fn interleave_families(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
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
}
