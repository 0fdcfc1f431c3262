//! A relay between a replica and a server on a Unix socket, which can be cut.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// The state of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    Works,
    /// Connections are closed, and no other is accepted.
    Cut,
    /// Nothing arrives. What was sent meanwhile arrives once it works again.
    Silent,
    /// The relay ends.
    Closed,
}

/// A relay on a port of its own.
#[derive(Debug)]
pub(super) struct Relay {
    address: SocketAddr,
    link: Arc<Link>,
}

#[derive(Debug)]
struct Link {
    socket: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    network: Network,
    /// The two halves of each connection.
    connections: Vec<(TcpStream, UnixStream)>,
}

impl Relay {
    /// Starts a relay to the server with this socket.
    pub(super) fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Mutex::new(State { network: Network::Works, connections: Vec::new() });
        let link = Arc::new(Link { socket, state, changed: Condvar::new() });
        let accepting = Arc::clone(&link);
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { continue };
                if accepting.lock().network == Network::Closed {
                    return;
                }
                // It is closed if this fails.
                let _ = accepting.connect(client);
            }
        });
        Self { address, link }
    }

    pub(super) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub(super) fn set(&self, network: Network) {
        let mut state = self.link.lock();
        state.network = network;
        if matches!(network, Network::Cut | Network::Closed) {
            for (client, server) in state.connections.drain(..) {
                close(&client, &server);
            }
        }
        self.link.changed.notify_all();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.set(Network::Closed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Link {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        client.set_nodelay(true)?;
        let server = UnixStream::connect(&self.socket)?;
        let mut state = self.lock();
        if state.network == Network::Cut {
            return Ok(());
        }
        let (from_client, from_server) = (client.try_clone()?, server.try_clone()?);
        let (to_client, to_server) = (client.try_clone()?, server.try_clone()?);
        let ends = [(client.try_clone()?, server.try_clone()?), (client.try_clone()?, server.try_clone()?)];
        state.connections.push((client, server));
        drop(state);
        let [there, back] = ends;
        let (this, that) = (Arc::clone(self), Arc::clone(self));
        thread::spawn(move || {
            this.pump(from_client, to_server);
            close(&there.0, &there.1);
        });
        thread::spawn(move || {
            that.pump(from_server, to_client);
            close(&back.0, &back.1);
        });
        Ok(())
    }

    /// Copies bytes until either end is closed.
    fn pump(&self, mut from: impl Read, mut to: impl Write) {
        let mut bytes = [0; 16 << 10];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            let is_silent = |state: &mut State| state.network == Network::Silent;
            drop(self.changed.wait_while(self.lock(), is_silent));
            if to.write_all(&bytes[..length]).is_err() {
                return;
            }
        }
    }
}

/// Closes a connection, which may be closed already.
fn close(client: &TcpStream, server: &UnixStream) {
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
