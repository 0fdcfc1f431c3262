//! System calls that need no change of the socket's mode.

use std::{io, net::TcpStream, time::Instant};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
};

use super::Ready;

#[cfg(not(target_vendor = "apple"))]
const SEND: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
#[cfg(target_vendor = "apple")]
const SEND: SendFlags = SendFlags::DONTWAIT;

pub(in crate::ureq::tcp) fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(recv(stream, buffer, RecvFlags::DONTWAIT)?.1)
}

pub(in crate::ureq::tcp) fn write(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(send(stream, bytes, SEND)?)
}

pub(in crate::ureq::tcp) fn wait(
    stream: &TcpStream,
    wants_to_write: bool,
    until: Option<Instant>,
) -> io::Result<Ready> {
    let flags = if wants_to_write { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
    let found = wait_for(stream, flags, until)?;
    let either = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    Ok(Ready {
        readable: found.intersects(PollFlags::IN | either),
        writable: found.intersects(PollFlags::OUT | either),
    })
}

pub(in crate::ureq::tcp) fn wait_to_write(stream: &TcpStream, until: Option<Instant>) -> io::Result<()> {
    wait_for(stream, PollFlags::OUT, until).map(drop)
}

fn wait_for(stream: &TcpStream, flags: PollFlags, until: Option<Instant>) -> io::Result<PollFlags> {
    let mut sockets = [PollFd::new(stream, flags)];
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        // A duration that the type cannot represent is unlimited.
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut sockets, left.as_ref()) {
            Err(Errno::INTR) => {}
            result => return result.map(|_| sockets[0].revents()).map_err(Into::into),
        }
    }
}
