//! For systems without such calls: the socket's mode is changed for each, and a wait is a short sleep.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use super::Ready;

const PAUSE: Duration = Duration::from_millis(5);

pub(in crate::ureq::tcp) fn read(mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    without_waiting(stream, || stream.read(buffer))
}

pub(in crate::ureq::tcp) fn write(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    without_waiting(stream, || stream.write(bytes))
}

pub(in crate::ureq::tcp) fn wait(
    stream: &TcpStream,
    wants_to_write: bool,
    until: Option<Instant>,
) -> io::Result<Ready> {
    loop {
        // Only a write shows whether there is room, so it is attempted after a pause.
        match without_waiting(stream, || stream.peek(&mut [0])) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _ => return Ok(Ready { readable: true, writable: false }),
        }
        let left = until.map_or(PAUSE, |until| until.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Ok(Ready::default());
        }
        thread::sleep(left.min(PAUSE));
        if wants_to_write {
            return Ok(Ready { readable: false, writable: true });
        }
    }
}

pub(in crate::ureq::tcp) fn wait_to_write(_: &TcpStream, until: Option<Instant>) -> io::Result<()> {
    thread::sleep(until.map_or(PAUSE, |until| until.saturating_duration_since(Instant::now()).min(PAUSE)));
    Ok(())
}

fn without_waiting(stream: &TcpStream, act: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
    stream.set_nonblocking(true)?;
    let result = act();
    stream.set_nonblocking(false)?;
    result
}
