//! TCP sockets with a deadline.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use teamwire_std::{has_pending_data, undrained};

/// A TCP connection with a deadline: a read or write that has not completed by then fails with [`ErrorKind::TimedOut`].
///
/// Setting a socket timeout is a system call. So a slightly shorter timeout than needed is set, and reused while it is
/// close enough; if it expires, the rest is set. (Except on Windows, where a connection must not be used after a read
/// has timed out.)
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Arc<TcpStream>,
    reading: OpTimeout,
    deadline: Option<Instant>,
}

/// Directions in which a socket does not block: both after an error or the end of the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    /// Bytes or the end have arrived.
    pub(crate) readable: bool,
    /// There is room for bytes.
    pub(crate) writable: bool,
}

/// Read timeout that is set in the operating system; none by default.
#[derive(Debug, Default)]
struct OpTimeout {
    os_limit: Option<Duration>,
}

/// Timeout below which nothing is subtracted.
const MIN_SOCKET_TIMEOUT: Duration = Duration::from_millis(50);

impl Socket {
    /// Creates a socket from a connected stream. Small writes are sent at once.
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream: stream.into(), reading: OpTimeout::default(), deadline: None })
    }

    /// Returns the stream, so that another thread can shut it down.
    pub(crate) const fn stream(&self) -> &Arc<TcpStream> {
        &self.stream
    }

    /// Sets the deadline of reads and writes.
    pub(crate) const fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Reads without blocking: fails with [`ErrorKind::WouldBlock`] if nothing has arrived.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        retry_interrupted(|| now::read(&self.stream, buffer))
    }

    /// Writes without blocking: fails with [`ErrorKind::WouldBlock`] if there is no room.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        retry_interrupted(|| now::write(&self.stream, bytes))
    }

    /// Waits until the socket is readable, or writable if `wants_to_write`, or until this time.
    pub(crate) fn wait(&self, wants_to_write: bool, until: Option<Instant>) -> io::Result<Ready> {
        now::wait(&self.stream, wants_to_write, until)
    }

    /// Returns the number of bytes that the operating system has still to deliver, where it reports it.
    pub(crate) fn undrained(&self) -> Option<u64> {
        undrained(self.stream.local_addr().ok()?, self.stream.peer_addr().ok()?)
    }

    /// Returns whether the connection is open and no bytes are pending.
    pub(crate) fn is_idle(&self) -> bool {
        match has_pending_data(&*self.stream) {
            Some(arrived) => !arrived,
            None => self.stream.set_nonblocking(true).is_ok_and(|()| {
                let peeked = self.stream.peek(&mut [0]);
                self.stream.set_nonblocking(false).is_ok()
                    && peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
            }),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut stream = &*self.stream;
        self.reading.wait(self.deadline, |time| stream.set_read_timeout(time), || stream.read(buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.try_write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Err(ErrorKind::TimedOut.into());
            }
            // Not for readability: it may be readable all the time, as nothing is read here.
            now::wait_to_write(&self.stream, self.deadline)?;
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn retry_interrupted(mut act: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match act() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl OpTimeout {
    /// Repeats this until the deadline. `set` sets the timeout in the operating system.
    fn wait(
        &mut self,
        deadline: Option<Instant>,
        set: impl Fn(Option<Duration>) -> io::Result<()>,
        mut act: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(ErrorKind::TimedOut.into());
            }
            if !self.is_close_enough(left) {
                self.set(left, &set)?;
            }
            match act() {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) if cfg!(windows) && error.kind() == ErrorKind::TimedOut && left.is_some() => {}
                result => return result,
            }
        }
    }

    /// Returns whether the timeout is not too long, and not so short that it would soon have to be set again.
    fn is_close_enough(&self, left: Option<Duration>) -> bool {
        match (self.os_limit, left) {
            (Some(set), Some(left)) => set <= left && set >= left / 2 && !cfg!(windows),
            (set, left) => set == left,
        }
    }

    fn set(&mut self, left: Option<Duration>, set: impl Fn(Option<Duration>) -> io::Result<()>) -> io::Result<()> {
        let time = left.map(|left| match left {
            left if left < MIN_SOCKET_TIMEOUT => left.max(Duration::from_millis(1)),
            left if cfg!(windows) => left,
            left => left / 8 * 7,
        });
        match set(time) {
            Ok(()) => self.os_limit = time,
            // The other side may have closed the connection, and its last bytes can still be read.
            Err(error) if cfg!(target_os = "macos") && error.kind() == ErrorKind::InvalidInput => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Non-blocking reads and writes, and waits, where they need no change of the socket's mode.
#[cfg(unix)]
mod now {
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

    pub(super) fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(stream, buffer, RecvFlags::DONTWAIT)?.1)
    }

    pub(super) fn write(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(stream, bytes, SEND)?)
    }

    pub(super) fn wait(stream: &TcpStream, wants_to_write: bool, until: Option<Instant>) -> io::Result<Ready> {
        let flags = if wants_to_write { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let found = wait_for(stream, flags, until)?;
        let either = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        Ok(Ready {
            readable: found.intersects(PollFlags::IN | either),
            writable: found.intersects(PollFlags::OUT | either),
        })
    }

    pub(super) fn wait_to_write(stream: &TcpStream, until: Option<Instant>) -> io::Result<()> {
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
}

/// Non-blocking reads and writes elsewhere: the socket's mode is changed for each, and a wait is a short sleep.
#[cfg(not(unix))]
mod now {
    use std::{
        io::{self, Read, Write},
        net::TcpStream,
        thread,
        time::{Duration, Instant},
    };

    use super::Ready;

    const PAUSE: Duration = Duration::from_millis(5);

    pub(super) fn read(mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        without_waiting(stream, || stream.read(buffer))
    }

    pub(super) fn write(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        without_waiting(stream, || stream.write(bytes))
    }

    pub(super) fn wait(stream: &TcpStream, wants_to_write: bool, until: Option<Instant>) -> io::Result<Ready> {
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

    pub(super) fn wait_to_write(_: &TcpStream, until: Option<Instant>) -> io::Result<()> {
        thread::sleep(until.map_or(PAUSE, |until| until.saturating_duration_since(Instant::now()).min(PAUSE)));
        Ok(())
    }

    fn without_waiting(stream: &TcpStream, act: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
        stream.set_nonblocking(true)?;
        let result = act();
        stream.set_nonblocking(false)?;
        result
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, net::TcpListener};

    use super::*;

    fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let stream = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
        (Socket::new(stream).expect("it is connected"), listener.accept().expect("it has connected").0)
    }

    #[test]
    fn it_waits_until_its_deadline_and_can_be_used_after_that() {
        let (mut socket, mut other) = pair();
        for time in [Duration::from_millis(1), Duration::from_millis(120)] {
            let until = Instant::now() + time;
            socket.set_deadline(Some(until));
            assert_eq!(socket.read(&mut [0]).expect_err("nothing comes").kind(), ErrorKind::TimedOut);
            assert!(Instant::now() >= until);
        }
        other.write_all(b"ab").expect("it is connected");
        socket.set_deadline(Some(Instant::now() + Duration::from_secs(10)));
        let mut byte = [0];
        assert_eq!((socket.read(&mut byte).expect("something came"), byte), (1, *b"a"));
        socket.set_deadline(None);
        assert_eq!((socket.read(&mut byte).expect("something came"), byte), (1, *b"b"));
    }

    #[test]
    fn bytes_that_drip_do_not_move_the_deadline() {
        let (mut socket, mut other) = pair();
        socket.set_deadline(Some(Instant::now() + Duration::from_millis(50)));
        let mut read = 0;
        let error = loop {
            other.write_all(b"a").expect("it is connected");
            match socket.read(&mut [0]) {
                Ok(bytes) => read += bytes,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(read > 0, "there was time for some");
    }

    #[test]
    fn a_write_without_a_reader_times_out() {
        let (mut socket, _other) = pair();
        socket.set_deadline(Some(Instant::now() + Duration::from_millis(50)));
        let error = loop {
            if let Err(error) = socket.write(&[0; 1 << 13]) {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn both_directions_are_waited_for_at_once() {
        let (socket, mut other) = pair();
        let until = || Some(Instant::now() + Duration::from_millis(50));
        assert_eq!(socket.wait(false, until()).expect("a socket"), Ready::default());
        assert!(socket.wait(true, until()).expect("a socket").writable, "nothing was written yet");
        while socket.try_write(&[0; 1 << 13]).is_ok() {}
        #[cfg(unix)]
        assert_eq!(socket.wait(true, until()).expect("a socket"), Ready::default());
        assert_eq!(socket.try_read(&mut [0]).expect_err("nothing came").kind(), ErrorKind::WouldBlock);
        other.write_all(b"a").expect("it is connected");
        assert!(socket.wait(true, None).expect("a socket").readable);
        assert_eq!(socket.try_read(&mut [0; 2]).expect("it has come"), 1);
        drop(other);
        assert!(socket.wait(true, None).expect("a socket").readable, "the end is to be read");
    }

    #[cfg(not(windows))]
    #[test]
    fn the_operating_system_is_told_seldom() {
        let (mut timeout, set_count) = (OpTimeout::default(), Cell::new(0));
        for (seconds, times) in [(30, 1), (29, 1), (30, 1), (27, 1), (10, 2), (30, 3), (3, 4), (0, 5)] {
            let time = Some(Duration::from_secs(seconds)).filter(|time| !time.is_zero());
            let set = |short: Option<Duration>| {
                assert!(short <= time, "{short:?} for {time:?}");
                set_count.set(set_count.get() + 1);
                Ok(())
            };
            timeout.wait(time.map(|time| Instant::now() + time), set, || Ok(7)).expect("there is time");
            assert_eq!(set_count.get(), times, "{time:?}");
        }
    }

    #[test]
    fn socket_is_idle_until_bytes_or_the_end_arrive() {
        let (mut socket, mut other) = pair();
        assert!(socket.is_idle());
        other.write_all(b"a").expect("it is connected");
        assert_eq!(socket.stream().peek(&mut [0]).expect("it is on its way"), 1);
        assert!(!socket.is_idle(), "something has come");
        assert_eq!(socket.read(&mut [0; 2]).expect("it has come"), 1);
        assert!(socket.is_idle());
        drop(other);
        assert_eq!(socket.stream().peek(&mut [0]).expect("the end is on its way"), 0);
        assert!(!socket.is_idle(), "the other has hung up");
    }
}
