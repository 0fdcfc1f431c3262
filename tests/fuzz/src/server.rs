//! A server on a loopback socket. On each connection, it sends the next bytes of the input.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    response_bytes::{ConnectionEvent, ResponseBytes},
    setup::Setup,
};

/// Maximum wait for bytes of a client, which may be waiting for the server.
const INPUT_TIMEOUT: Duration = Duration::from_millis(5);

/// Number of chunks after which the rest is sent at once, because each chunk is a system call.
const MAX_CHUNKS: usize = 100;

/// The server. Dropping it stops it; its clients have to be dropped before.
pub struct Server {
    address: SocketAddr,
    is_stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server that sends these bytes.
    pub fn start(setup: Setup, input: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let (bytes, is_stopped) = (Mutex::new(ResponseBytes::new(input)), Arc::<AtomicBool>::default());
        let stop = is_stopped.clone();
        let thread = thread::spawn(move || {
            thread::scope(|scope| {
                for stream in listener.incoming() {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let bytes = &bytes;
                    // Errors mean that the client is gone.
                    scope.spawn(move || stream.and_then(|stream| serve(setup, bytes, stream)));
                }
            });
        });
        Self { address, is_stopped, thread: Some(thread) }
    }

    /// Returns host and port.
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        // A connection wakes the listener.
        drop(TcpStream::connect(self.address));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn serve(setup: Setup, bytes: &Mutex<ResponseBytes>, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = [0; 16 << 10];
    if stream.read(&mut request)? == 0 {
        return Ok(());
    }
    let mut awaits_input = true;
    for count in 0.. {
        let chunk_size = setup.read_sizes[count % 3];
        let max_len = if chunk_size == 0 || count > MAX_CHUNKS { usize::MAX } else { chunk_size };
        let next = bytes.lock().unwrap_or_else(PoisonError::into_inner).next(max_len).map(Vec::from);
        match next {
            Ok(chunk) => stream.write_all(&chunk)?,
            // Unread input turns this into a reset.
            Err(ConnectionEvent::Reset) => return Ok(()),
            Err(ConnectionEvent::AwaitInput) if awaits_input => {
                stream.set_read_timeout(Some(INPUT_TIMEOUT))?;
                match stream.read(&mut request) {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    // The client may itself be waiting for the server.
                    Err(_) => awaits_input = false,
                }
                stream.set_read_timeout(None)?;
            }
            Err(ConnectionEvent::AwaitInput) => {}
            Err(ConnectionEvent::Stall) if setup.real_time => break,
            Err(ConnectionEvent::Close | ConnectionEvent::Stall) => {
                stream.shutdown(Shutdown::Write)?;
                break;
            }
        }
    }
    // Wait until the client closes the connection, too.
    while stream.read(&mut request)? > 0 {}
    Ok(())
}
