use std::cell::Cell;

use ureq::{
    Error,
    unversioned::transport::{Buffers, NextTimeout, Transport},
};

use super::connection::Connection;

thread_local! {
    /// The connection of the exchange that this thread performs, once ureq has dropped it.
    static RELEASED: Cell<Option<Box<Connection>>> = const { Cell::new(None) };
}

/// A connection for ureq, which keeps none. When ureq drops it, the transport gets it by
/// [`replace_released`](Self::replace_released), and keeps or closes it: ureq drops connections under the lock of its
/// pool.
///
/// That pool is not used: it goes through all idle connections several times per request, and reuses the longest idle
/// one first, so that after a peak of requests none gets old.
#[derive(Debug)]
pub(super) struct PooledConnection(
    /// `None` only while it is dropped.
    Option<Box<Connection>>,
);

impl PooledConnection {
    pub(super) const fn new(connection: Box<Connection>) -> Self {
        Self(Some(connection))
    }

    /// Returns the connection that ureq has dropped, and makes `other` that connection: an observer of a transfer may
    /// perform another exchange.
    pub(super) fn replace_released(other: Option<Box<Connection>>) -> Option<Box<Connection>> {
        RELEASED.replace(other)
    }

    fn connection(&mut self) -> &mut Connection {
        self.0.as_mut().expect("it is taken only by `drop`")
    }
}

impl Transport for PooledConnection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.connection().buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.connection().transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.connection().await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.connection().is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.as_ref().is_some_and(|connection| connection.is_tls())
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        RELEASED.set(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{ErrorKind, Read},
        net::{TcpListener, TcpStream},
        time::Instant,
    };

    use teamwire_std::{ConnectionHistory, Origin};

    use super::*;
    use crate::ureq::{link::Link, tcp::Socket};

    #[test]
    fn connection_that_ureq_drops_is_handed_to_the_exchange_and_stays_open() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let stream = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
        let (mut peer, _) = listener.accept().expect("it has connected");
        let link = Link::new(Socket::new(stream).expect("it is connected"), None);
        let origin = Origin { tls: false, host: "backend.test".to_owned(), port: 80 };
        let connection = Connection::new(link, ConnectionHistory::new(origin, Instant::now()));

        drop(PooledConnection::new(Box::new(connection)));
        peer.set_nonblocking(true).expect("it is open");
        assert_eq!(peer.read(&mut [0]).expect_err("it is not closed").kind(), ErrorKind::WouldBlock);
        let mut released = PooledConnection::replace_released(None).expect("the exchange has it");
        assert_eq!(released.reset(), None, "its exchange was not complete");
        drop(released);
        peer.set_nonblocking(false).expect("it is open");
        assert_eq!(peer.read(&mut [0]).expect("it is closed in order"), 0);
    }
}
