//! TCP, for HTTP stacks that wait in the thread that asks.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

/// A TCP connection that waits no longer than it is told to: what takes longer fails with [`ErrorKind::TimedOut`].
///
/// To tell the operating system is a system call. So it is told a little less than the time there is, and not again as long
/// as that will do; if then nothing has happened, it is told the rest. (But not on Windows, where a connection on which it gave
/// up once is not to be used again.)
#[derive(Debug)]
pub struct Socket {
    stream: Arc<TcpStream>,
    reading: Patience,
    writing: Patience,
    /// When all of it has to be over.
    deadline: Option<Instant>,
}

/// How long to wait at once, and what the operating system knows of that; `None` is for ever.
#[derive(Debug, Default)]
struct Patience {
    time: Option<Duration>,
    told: Option<Duration>,
}

/// What is waited for at once, however little of it is used.
const SHORT: Duration = Duration::from_millis(50);

impl Socket {
    /// Connects to the first of these addresses that answers. Each is given its share of the time that is left, if there is
    /// a limit to it. The error names them all.
    pub fn connect(addresses: &[SocketAddr], time: Option<Duration>) -> io::Result<Self> {
        let begun = Instant::now();
        let left = || time.map(|time| time.saturating_sub(begun.elapsed()));
        let mut failures = Vec::new();
        for (tried, address) in addresses.iter().enumerate() {
            let others = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let connected = match left() {
                None => TcpStream::connect(address),
                Some(Duration::ZERO) => return Err(ErrorKind::TimedOut.into()),
                Some(left) => TcpStream::connect_timeout(address, (left / others).max(Duration::from_millis(1))),
            };
            match connected {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(Self {
                        stream: stream.into(),
                        reading: Patience::default(),
                        writing: Patience::default(),
                        deadline: None,
                    });
                }
                Err(error) => failures.push(format!("{address}: {error}")),
            }
        }
        if left() == Some(Duration::ZERO) {
            return Err(ErrorKind::TimedOut.into());
        }
        Err(io::Error::new(ErrorKind::NotConnected, failures.join(", ")))
    }

    /// The stream, to shut it down by from elsewhere.
    pub const fn stream(&self) -> &Arc<TcpStream> {
        &self.stream
    }

    /// How long each read and each write may take from now on, and all of them together; `None` is for ever.
    pub fn set_time(&mut self, reading: Option<Duration>, writing: Option<Duration>, all: Option<Duration>) {
        self.reading.time = reading;
        self.writing.time = writing;
        self.deadline = all.and_then(|all| Instant::now().checked_add(all));
    }

    /// Whether nothing has arrived that was not read yet, nor the end.
    pub fn is_silent(&self) -> bool {
        match has_arrived(&*self.stream) {
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
        let mut stream = &*self.stream;
        self.writing.wait(self.deadline, |time| stream.set_write_timeout(time), || stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Patience {
    /// Does this for as long as there is time. `tell` tells the operating system when to give up.
    fn wait(
        &mut self,
        deadline: Option<Instant>,
        tell: impl Fn(Option<Duration>) -> io::Result<()>,
        mut act: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        let begun = Instant::now();
        let due = self.time.and_then(|time| begun.checked_add(time));
        let due = due.map_or(deadline, |due| Some(deadline.map_or(due, |deadline| deadline.min(due))));
        let mut now = begun;
        loop {
            let left = due.map(|due| due.saturating_duration_since(now));
            if left == Some(Duration::ZERO) {
                return Err(ErrorKind::TimedOut.into());
            }
            if !self.will_do(left) {
                self.tell(left, &tell)?;
            }
            match act() {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                result => return result,
            }
            now = Instant::now();
        }
    }

    /// Whether what was told is not too long, and not so short that it would be told again soon.
    fn will_do(&self, left: Option<Duration>) -> bool {
        match (self.told, left) {
            (Some(told), Some(left)) => told <= left && told >= left / 2 && !cfg!(windows),
            (told, left) => told == left,
        }
    }

    fn tell(&mut self, left: Option<Duration>, tell: impl Fn(Option<Duration>) -> io::Result<()>) -> io::Result<()> {
        let time = left.map(|left| match left {
            left if left < SHORT => left.max(Duration::from_millis(1)),
            left if cfg!(windows) => left,
            left => left / 8 * 7,
        });
        match tell(time) {
            Ok(()) => self.told = time,
            // The other side may have closed, and what it had to say can still be read.
            Err(error) if cfg!(target_os = "macos") && error.kind() == ErrorKind::InvalidInput => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Whether something has arrived on this socket and was not read yet, or its end. `None` where the operating system tells
/// only those who would wait for it.
#[cfg(unix)]
pub fn has_arrived(socket: &impl std::os::fd::AsFd) -> Option<bool> {
    use rustix::{
        io::Errno,
        net::{RecvFlags, recv},
    };
    let peeked = recv(socket, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    Some(!matches!(peeked, Err(Errno::AGAIN | Errno::INTR)))
}

/// Whether something has arrived on this socket and was not read yet, or its end. `None` where the operating system tells
/// only those who would wait for it.
#[cfg(not(unix))]
pub fn has_arrived<S>(_: &S) -> Option<bool> {
    None
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, net::TcpListener};

    use super::*;

    fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let socket = Socket::connect(&[address], Some(Duration::from_secs(10))).expect("it listens");
        (socket, listener.accept().expect("it has connected").0)
    }

    #[test]
    fn it_waits_as_long_as_it_is_told_and_can_be_used_after_that() {
        let (mut socket, mut other) = pair();
        for time in [Duration::from_millis(1), Duration::from_millis(120)] {
            for (reading, until) in [(Some(time), None), (None, Some(time)), (Some(time * 1_000), Some(time))] {
                let begun = Instant::now();
                socket.set_time(reading, None, until);
                assert_eq!(socket.read(&mut [0]).expect_err("nothing comes").kind(), ErrorKind::TimedOut);
                assert!(begun.elapsed() >= time, "{:?}", begun.elapsed());
            }
        }
        other.write_all(b"ab").expect("it is connected");
        socket.set_time(Some(Duration::from_secs(10)), None, None);
        let mut byte = [0];
        assert_eq!((socket.read(&mut byte).expect("something came"), byte), (1, *b"a"));
        socket.set_time(None, None, None);
        assert_eq!((socket.read(&mut byte).expect("something came"), byte), (1, *b"b"));
    }

    #[test]
    fn bytes_that_drip_do_not_lengthen_the_whole() {
        let (mut socket, mut other) = pair();
        socket.set_time(Some(Duration::from_secs(10)), None, Some(Duration::from_millis(50)));
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

    #[cfg(not(windows))]
    #[test]
    fn the_operating_system_is_told_seldom() {
        let (mut patience, told) = (Patience::default(), Cell::new(0));
        for (seconds, times) in [(30, 1), (29, 1), (30, 1), (27, 1), (10, 2), (30, 3), (3, 4), (0, 5)] {
            let time = Some(Duration::from_secs(seconds)).filter(|time| !time.is_zero());
            patience.time = time;
            let tell = |short: Option<Duration>| {
                assert!(short <= time, "{short:?} for {time:?}");
                told.set(told.get() + 1);
                Ok(())
            };
            patience.wait(None, tell, || Ok(7)).expect("there is time");
            assert_eq!(told.get(), times, "{time:?}");
        }
    }

    #[test]
    fn silence_is_when_nothing_came_and_nobody_hung_up() {
        let (mut socket, mut other) = pair();
        assert!(socket.is_silent());
        other.write_all(b"a").expect("it is connected");
        assert_eq!(socket.stream().peek(&mut [0]).expect("it is on its way"), 1);
        assert!(!socket.is_silent(), "something has come");
        assert_eq!(socket.read(&mut [0; 2]).expect("it has come"), 1);
        assert!(socket.is_silent());
        drop(other);
        assert_eq!(socket.stream().peek(&mut [0]).expect("the end is on its way"), 0);
        assert!(!socket.is_silent(), "the other has hung up");
    }

    #[test]
    fn all_addresses_are_tried_and_named() {
        let refusing = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let error = Socket::connect(&refusing, Some(Duration::from_secs(10))).expect_err("nobody listens").to_string();
        assert!(refusing.iter().all(|address| error.contains(&address.to_string())), "{error}");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let last = listener.local_addr().expect("it is bound");
        Socket::connect(&[refusing[0], last], None).expect("one of them listens");
        assert_eq!(
            Socket::connect(&[last], Some(Duration::ZERO)).expect_err("no time is left").kind(),
            ErrorKind::TimedOut
        );
    }
}
