use std::{
    collections::HashMap,
    fmt,
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

/// Maximum number of concurrent lookups.
const MAX_LOOKUPS: usize = 4;

/// Lookups of host names, each in a thread of its own, as they cannot be interrupted.
///
/// Concurrent callers share the lookup of a host.
#[derive(Clone)]
pub(crate) struct Lookups(Arc<Shared>);

type Resolve = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;
type Key = (String, u16);
type Work = Box<dyn FnOnce() + Send>;
type Outcome = Result<Vec<SocketAddr>, (ErrorKind, String)>;

struct Shared {
    resolve: Box<Resolve>,
    pending: Mutex<HashMap<Key, Arc<Pending>>>,
}

#[derive(Default)]
struct Pending {
    outcome: Mutex<Option<Outcome>>,
    has_ended: Condvar,
}

impl Lookups {
    /// Creates lookups with this resolver.
    pub(crate) fn with(resolve: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { resolve: Box::new(resolve), pending: Mutex::default() }))
    }

    /// Returns the addresses of a host. An IP address is returned without a lookup.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] at the deadline, after which the lookup continues in the background; else the error of
    /// the lookup.
    pub(super) fn find(&self, host: &str, port: u16, deadline: Option<Instant>) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let addresses = self.pending((host.to_owned(), port), start_thread)?.wait(deadline)?;
        if addresses.is_empty() {
            return Err(io::Error::new(ErrorKind::NotFound, "the host has no address"));
        }
        Ok(addresses)
    }

    /// Joins the lookup of this host in progress, or starts one in a thread, by this function.
    fn pending(&self, key: Key, start: impl FnOnce(Work) -> io::Result<()>) -> io::Result<Arc<Pending>> {
        let mut all = lock(&self.0.pending);
        if let Some(pending) = all.get(&key) {
            return Ok(pending.clone());
        }
        if all.len() >= MAX_LOOKUPS {
            return Err(io::Error::other(format!("{} lookups of other hosts have not ended yet", all.len())));
        }
        let finish = FinishOnDrop { shared: self.0.clone(), key: key.clone(), pending: Arc::default() };
        let pending = finish.pending.clone();
        all.insert(key, pending.clone());
        // A thread that cannot be started ends the lookup at once.
        drop(all);
        start(Box::new(move || {
            let (host, port) = &finish.key;
            let outcome = (finish.shared.resolve)(host, *port).map_err(|error| (error.kind(), error.to_string()));
            *lock(&finish.pending.outcome) = Some(outcome);
        }))?;
        Ok(pending)
    }
}

fn start_thread(work: Work) -> io::Result<()> {
    thread::Builder::new().name("teamwire lookup".into()).spawn(work).map(drop)
}

impl Default for Lookups {
    /// Lookups by the operating system.
    fn default() -> Self {
        Self::with(|host, port| Ok((host, port).to_socket_addrs()?.collect()))
    }
}

impl Pending {
    fn wait(&self, deadline: Option<Instant>) -> io::Result<Vec<SocketAddr>> {
        let mut outcome = lock(&self.outcome);
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone().map_err(|(kind, why)| match kind {
                    // That kind is reserved for the deadline.
                    ErrorKind::TimedOut => io::Error::other(why),
                    kind => io::Error::new(kind, why),
                });
            }
            outcome = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => self.has_ended.wait(outcome).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return Err(ErrorKind::TimedOut.into()),
                Some(left) => self.has_ended.wait_timeout(outcome, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }
}

/// Reports the end of a lookup, even if it panics.
struct FinishOnDrop {
    shared: Arc<Shared>,
    key: Key,
    pending: Arc<Pending>,
}

impl Drop for FinishOnDrop {
    fn drop(&mut self) {
        lock(&self.shared.pending).remove(&self.key);
        lock(&self.pending.outcome).get_or_insert_with(|| Err((ErrorKind::Other, "the lookup failed".into())));
        self.pending.has_ended.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").field("pending", &lock(&self.0.pending).len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        time::Duration,
    };

    use super::*;

    /// Returns lookups that end when the sender is dropped, and the number that were started.
    fn hanging() -> (Lookups, mpsc::Sender<()>, Arc<AtomicUsize>) {
        let (end, ended) = mpsc::channel();
        let (ended, begun) = (Mutex::new(ended), Arc::new(AtomicUsize::new(0)));
        let count = begun.clone();
        let lookups = Lookups::with(move |_, port| {
            count.fetch_add(1, Ordering::SeqCst);
            lock(&ended).recv().expect_err("the test drops the other end");
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
        });
        (lookups, end, begun)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    #[test]
    fn a_lookup_that_hangs_is_shared_until_it_ends() {
        let (lookups, end, begun) = hanging();
        for _ in 0..5 {
            assert_eq!(lookups.find("host", 1, Some(soon())).expect_err("it hangs").kind(), ErrorKind::TimedOut);
        }
        thread::scope(|scope| {
            let waits: Vec<_> = (0..3).map(|_| scope.spawn(|| lookups.find("host", 1, None))).collect();
            drop(end);
            for wait in waits {
                assert_eq!(wait.join().expect("no panic").expect("an address").len(), 1);
            }
        });
        let late = begun.load(Ordering::SeqCst);
        assert!(
            late <= 4,
            "one for those that timed out, and at most one each for those that came after its end: {late}"
        );
        lookups.find("host", 1, None).expect("an address");
        assert_eq!(begun.load(Ordering::SeqCst), late + 1, "an outcome is not kept");
    }

    #[test]
    fn no_more_than_a_few_hang_at_a_time() {
        let (lookups, _end, begun) = hanging();
        for host in ["a", "b", "c", "d"] {
            assert_eq!(lookups.find(host, 1, Some(soon())).expect_err("it hangs").kind(), ErrorKind::TimedOut);
        }
        let error = lookups.find("e", 1, Some(soon())).expect_err("there are enough");
        assert!(error.to_string().contains("4 lookups of other hosts"), "{error}");
        lookups.find("127.0.0.1", 1, Some(soon())).expect("an address needs none");
        assert!(begun.load(Ordering::SeqCst) <= MAX_LOOKUPS);
    }

    #[test]
    fn thread_that_cannot_be_started_holds_up_no_later_lookup() {
        let lookups = Lookups::with(|_, port| Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]));
        let key = || ("host".to_owned(), 1);
        let started = lookups.pending(key(), |_| Err(io::Error::other("too many threads")));
        assert_eq!(started.err().expect("it is not started").to_string(), "too many threads");
        assert_eq!(lookups.find("host", 1, None).expect("an address").len(), 1);
    }

    #[test]
    fn failures_have_their_reason() {
        let why = |lookups: &Lookups| lookups.find("host", 1, None).expect_err("there is none").to_string();
        assert_eq!(why(&Lookups::with(|_, _| Err(io::Error::other("no such host")))), "no such host");
        assert_eq!(why(&Lookups::with(|_, _| Ok(Vec::new()))), "the host has no address");
        assert_eq!(why(&Lookups::with(|_, _| panic!("as a test of that"))), "the lookup failed");
    }
}
