//! TCP sockets with a deadline.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Instant,
};

use teamwire_std::{has_pending_data, unacknowledged_bytes};

use super::{
    non_blocking::{self, Ready},
    op_timeout::OpTimeout,
};

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
        retry_interrupted(|| non_blocking::read(&self.stream, buffer))
    }

    /// Writes without blocking: fails with [`ErrorKind::WouldBlock`] if there is no room.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        retry_interrupted(|| non_blocking::write(&self.stream, bytes))
    }

    /// Waits until the socket is readable, or writable if `wants_to_write`, or until this time.
    pub(crate) fn wait(&self, wants_to_write: bool, until: Option<Instant>) -> io::Result<Ready> {
        non_blocking::wait(&self.stream, wants_to_write, until)
    }

    /// Returns the number of bytes that the operating system has still to deliver, where it reports it.
    pub(crate) fn unacknowledged_bytes(&self) -> Option<u64> {
        unacknowledged_bytes(self.stream.local_addr().ok()?, self.stream.peer_addr().ok()?)
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
            non_blocking::wait_to_write(&self.stream, self.deadline)?;
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

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Duration};

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
