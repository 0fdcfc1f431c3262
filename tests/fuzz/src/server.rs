//! A server on a socket of this machine, which sends the next bytes of the input on every connection.

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
    plan::Plan,
    served::{Event, Served},
};

/// How long it waits for a client that waits for the server itself.
const PATIENCE: Duration = Duration::from_millis(5);

/// How many pieces it sends before it sends all the rest at once: each of them is a call of the system.
const MOST_PIECES: usize = 100;

/// The server. It ends when it is dropped, which is to be after its clients.
pub struct Server {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// A server of these bytes.
    pub fn serving(plan: Plan, input: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (served, over) = (Mutex::new(Served::new(input)), Arc::<AtomicBool>::default());
        let stop = over.clone();
        let thread = thread::spawn(move || {
            thread::scope(|scope| {
                for stream in listener.incoming() {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let served = &served;
                    // A client that is gone is none to be served.
                    scope.spawn(move || stream.and_then(|stream| serve(plan, served, stream)));
                }
            });
        });
        Self { address, over, thread: Some(thread) }
    }

    /// Host and port.
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // It waits for a connection.
        drop(TcpStream::connect(self.address));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn serve(plan: Plan, served: &Mutex<Served>, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = [0; 16 << 10];
    if stream.read(&mut request)? == 0 {
        return Ok(());
    }
    let mut patient = true;
    for count in 0.. {
        let piece = plan.reads[count % 3];
        let most = if piece == 0 || count > MOST_PIECES { usize::MAX } else { piece };
        let next = served.lock().unwrap_or_else(PoisonError::into_inner).next(most).map(Vec::from);
        match next {
            Ok(bytes) => stream.write_all(&bytes)?,
            // What has arrived, and was not read, makes this a reset.
            Err(Event::Resets) => return Ok(()),
            Err(Event::Waits) if patient => {
                stream.set_read_timeout(Some(PATIENCE))?;
                match stream.read(&mut request) {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    // It has nothing more to say, and may wait for ever.
                    Err(_) => patient = false,
                }
                stream.set_read_timeout(None)?;
            }
            Err(Event::Waits) => {}
            Err(Event::FallsSilent) if plan.takes_time => break,
            Err(Event::Closes | Event::FallsSilent) => {
                stream.shutdown(Shutdown::Write)?;
                break;
            }
        }
    }
    // Until the client has closed it, too.
    while stream.read(&mut request)? > 0 {}
    Ok(())
}
