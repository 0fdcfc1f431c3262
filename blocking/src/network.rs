//! The backend over a network.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use teamwire_core::{
    StopHandle,
    effect::{Exchange, FileError, FileOutcome, FileTask, Moment, Now, TransportError, TransportErrorKind},
    machine::Reply,
};
use teamwire_std::{Clock, files};

use crate::{
    backend::{Backend, PendingReply, Ready},
    signal::{self, Signal},
    transport::{StoppableTransport, unless_panicked},
};

/// The system's clock and files, and a transport.
pub(crate) struct Network<T> {
    clock: Clock,
    transport: Arc<T>,
}

impl<T: StoppableTransport> Network<T> {
    pub(crate) fn new(transport: T) -> Self {
        Self { clock: Clock::start(), transport: Arc::new(transport) }
    }
}

impl<T: StoppableTransport> Backend for Network<T> {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn begin(&self, exchange: Box<Exchange>) -> Box<dyn PendingReply> {
        match Worker::start(self.clock, Arc::clone(&self.transport), exchange) {
            Ok(worker) => Box::new(worker),
            Err(error) => Ready::boxed(Reply::Error(TransportError::new(TransportErrorKind::Connect, error))),
        }
    }

    fn file(&self, task: FileTask) -> Result<FileOutcome, FileError> {
        files::perform(&task)
    }

    fn sleep(&self, until: Moment, stop: Option<&StopHandle>) {
        signal::sleep(self.clock.until(until), stop);
    }

    /// In the calling thread.
    fn perform(&self, exchange: Box<Exchange>, stop: Option<&StopHandle>) -> Reply {
        self.transport.perform(exchange, stop)
    }
}

/// A thread that performs one exchange.
struct Worker {
    clock: Clock,
    slot: Arc<Slot>,
    stop: StopHandle,
}

/// The place of its reply.
#[derive(Default)]
struct Slot {
    reply: Mutex<Option<Reply>>,
    /// Notified of the reply, and of the stop of the thread that waits for it.
    signal: Signal,
}

impl Slot {
    fn put(&self, reply: Reply) {
        *self.reply() = Some(reply);
        self.signal.notify();
    }

    fn reply(&self) -> MutexGuard<'_, Option<Reply>> {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    fn start<T: StoppableTransport>(clock: Clock, transport: Arc<T>, exchange: Box<Exchange>) -> io::Result<Self> {
        let worker = Self { clock, slot: Arc::default(), stop: StopHandle::new() };
        let (slot, stop) = (Arc::clone(&worker.slot), worker.stop.clone());
        thread::Builder::new().name("teamwire exchange".into()).spawn(move || {
            slot.put(unless_panicked(|| transport.perform(exchange, Some(&stop))));
        })?;
        Ok(worker)
    }
}

impl PendingReply for Worker {
    fn wait(&mut self, until: Option<Moment>, stop: Option<&StopHandle>) -> Option<Reply> {
        let signal = self.slot.signal.clone();
        let _on_stop = stop.map(|stop| stop.on_stop(move || signal.notify()));
        loop {
            let reply = self.slot.reply().take();
            let left = until.map(|until| self.clock.until(until));
            if reply.is_some() || stop.is_some_and(StopHandle::is_stopped) || left.is_some_and(|left| left.is_zero()) {
                return reply;
            }
            self.slot.signal.wait(left);
        }
    }
}

/// Ends the exchange.
impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use teamwire_core::{
        Client,
        executor::Manual,
        machine::{Machine, Step},
    };
    use teamwire_test_support::config;

    use super::*;
    use crate::transport::stopped;

    /// A transport whose exchanges end when they are stopped or released.
    struct Stub(mpsc::Sender<bool>, Mutex<mpsc::Receiver<()>>);

    impl StoppableTransport for Stub {
        fn perform(&self, _: Box<Exchange>, stop: Option<&StopHandle>) -> Reply {
            let (sender, signal) = (self.0.clone(), Signal::default());
            let stopping = signal.clone();
            let _on_stop = stop.map(|stop| stop.on_stop(move || stopping.notify()));
            if self.1.lock().expect("no exchange has panicked").recv().is_err() {
                signal.wait(None);
                sender.send(true).ok();
            }
            Reply::Error(stopped())
        }
    }

    fn exchange(now: Now) -> Box<Exchange> {
        let client = Client::new(Manual::new(config("http://127.0.0.1:9"), [7; 32], now));
        let mut me = client.contacts().me();
        let Step::Send(_, exchange) = me.poll(now) else { panic!("it sends a request") };
        exchange
    }

    #[test]
    fn exchange_continues_while_its_waiter_does_something_else() {
        let ((ended, _ends), (release, released)) = (mpsc::channel(), mpsc::channel());
        let network = Network::new(Stub(ended, Mutex::new(released)));
        let mut reply = network.begin(exchange(network.now()));
        let soon = network.now().moment.saturating_add(Duration::from_millis(20));
        assert!(reply.wait(Some(soon), None).is_none());
        assert!(network.now().moment >= soon);
        assert!(reply.wait(Some(Moment::EPOCH), None).is_none(), "the time has passed");
        let stop = StopHandle::new();
        stop.stop();
        assert!(reply.wait(None, Some(&stop)).is_none(), "the wait is stopped, not the exchange");
        release.send(()).expect("the exchange waits for it");
        assert!(matches!(reply.wait(None, None), Some(Reply::Error(_))));
    }

    #[test]
    fn dropped_reply_ends_its_exchange() {
        let ((ended, ends), (release, released)) = (mpsc::channel(), mpsc::channel());
        let network = Network::new(Stub(ended, Mutex::new(released)));
        let reply = network.begin(exchange(network.now()));
        drop(release);
        drop(reply);
        assert_eq!(ends.recv(), Ok(true));
    }
}
