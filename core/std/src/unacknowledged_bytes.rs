//! Bytes written to a socket that the other end has not acknowledged yet.

#[cfg(target_os = "linux")]
use std::fs;
use std::net::SocketAddr;

/// Returns the number of bytes that the operating system has still to deliver for the connection between these
/// addresses; `None` where it does not report it.
///
/// Slow, as it reads `/proc`.
#[cfg(target_os = "linux")]
pub fn unacknowledged_bytes(local: SocketAddr, peer: SocketAddr) -> Option<u64> {
    let file = if local.is_ipv4() { "/proc/thread-self/net/tcp" } else { "/proc/thread-self/net/tcp6" };
    find(&fs::read_to_string(file).ok()?, local, peer)
}

/// Returns `None`: only Linux reports it.
#[cfg(not(target_os = "linux"))]
pub fn unacknowledged_bytes(_: SocketAddr, _: SocketAddr) -> Option<u64> {
    None
}

/// Finds the connection in the kernel's table, whose lines have the form
/// `sl local_address rem_address st tx_queue:rx_queue ...`, in hexadecimal.
#[cfg(target_os = "linux")]
fn find(table: &str, local: SocketAddr, peer: SocketAddr) -> Option<u64> {
    let (local, peer) = (kernel_notation(local), kernel_notation(peer));
    table.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let found = fields.next()? == local && fields.next()? == peer;
        let queues = fields.nth(1)?;
        let (sending, _) = queues.split_once(':')?;
        found.then(|| u64::from_str_radix(sending, 16).ok()).flatten()
    })
}

/// Formats an address like the kernel: each 32-bit word in native byte order.
#[cfg(target_os = "linux")]
fn kernel_notation(address: SocketAddr) -> String {
    let words = |octets: &[u8]| {
        let words = octets.as_chunks().0.iter().map(|word| u32::from_ne_bytes(*word));
        words.fold(String::new(), |text, word| text + &format!("{word:08X}"))
    };
    let ip = match address {
        SocketAddr::V4(address) => words(&address.ip().octets()),
        SocketAddr::V6(address) => words(&address.ip().octets()),
    };
    format!("{ip}:{:04X}", address.port())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
        thread,
    };

    use super::*;

    #[test]
    fn unread_bytes_are_counted_until_they_are_read() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let mut here = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
            let (mut there, _) = listener.accept().expect("it has connected");
            let look = |here: &TcpStream| {
                unacknowledged_bytes(here.local_addr().expect("connected"), here.peer_addr().expect("connected"))
                    .expect("Linux")
            };
            assert_eq!(look(&here), 0);
            here.set_nonblocking(true).expect("a socket");
            let mut written = 0;
            while let Ok(bytes) = here.write(&[0; 1 << 13]) {
                written += bytes;
            }
            assert!(look(&here) > 0, "after {written} bytes");
            there.read_exact(&mut vec![0; written]).expect("they were written");
            while look(&here) > 0 {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn the_kernels_table_is_read_as_it_is_written() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n   \
                     0: 0100007F:1F90 0100007F:C001 01 0000002A:00000007 00:00000000 00000000\n";
        if cfg!(target_endian = "little") {
            let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
            assert_eq!(find(table, at(8080), at(0xC001)), Some(42));
            assert_eq!(find(table, at(8081), at(0xC001)), None);
        }
    }
}
