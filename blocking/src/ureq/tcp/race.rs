use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
    time::Instant,
};

use teamwire_std::CONNECTION_ATTEMPT_DELAY;

/// Maximum number of concurrent attempts.
const MAX_ATTEMPTS: usize = 8;

/// Connects to the first of these addresses that accepts. The attempts start 250 ms apart, or as soon as one fails.
/// Unless there is a single address, each attempt has a thread, which is detached once another one has succeeded.
///
/// # Errors
///
/// [`ErrorKind::TimedOut`] at the deadline; else an error that lists every address with its failure.
pub(super) fn connect(addresses: &[SocketAddr], deadline: Option<Instant>) -> io::Result<TcpStream> {
    let mut race = Race { failures: Vec::new(), deadline };
    match addresses {
        [address] => match attempt(*address, deadline) {
            Ok(stream) => Ok(stream),
            Err(error) => Err(race.record_failure(*address, &error).unwrap_or_else(|| race.failure())),
        },
        _ => race.run(addresses),
    }
}

struct Race {
    failures: Vec<String>,
    deadline: Option<Instant>,
}

impl Race {
    fn run(&mut self, addresses: &[SocketAddr]) -> io::Result<TcpStream> {
        let (report, reports) = mpsc::channel();
        let (mut next, mut in_flight) = (addresses.iter(), 0);
        loop {
            if in_flight < MAX_ATTEMPTS
                && let Some(&address) = next.next()
            {
                let (report, deadline) = (report.clone(), self.deadline);
                let work = move || drop(report.send((address, attempt(address, deadline))));
                match thread::Builder::new().name("teamwire connect".into()).spawn(work) {
                    Ok(_) => in_flight += 1,
                    Err(error) => self.failures.push(format!("{address}: no thread to connect in: {error}")),
                }
            }
            if in_flight == 0 {
                if next.len() == 0 {
                    return Err(self.failure());
                }
                continue;
            }
            let turn = (next.len() > 0 && in_flight < MAX_ATTEMPTS).then(|| Instant::now() + CONNECTION_ATTEMPT_DELAY);
            let Some((address, outcome)) = receive(&reports, turn.into_iter().chain(self.deadline).min()) else {
                if self.stop_sending() {
                    return Err(ErrorKind::TimedOut.into());
                }
                continue;
            };
            in_flight -= 1;
            match outcome {
                Ok(stream) => return Ok(stream),
                Err(error) => {
                    if let Some(timed_out) = self.record_failure(address, &error) {
                        return Err(timed_out);
                    }
                }
            }
        }
    }

    /// Records a failed attempt. Fails if the deadline has passed.
    fn record_failure(&mut self, address: SocketAddr, error: &io::Error) -> Option<io::Error> {
        self.failures.push(format!("{address}: {error}"));
        self.stop_sending().then(|| ErrorKind::TimedOut.into())
    }

    fn stop_sending(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    fn failure(&self) -> io::Error {
        io::Error::new(ErrorKind::NotConnected, self.failures.join(", "))
    }
}

fn attempt(address: SocketAddr, deadline: Option<Instant>) -> io::Result<TcpStream> {
    match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
        None => TcpStream::connect(address),
        Some(left) if left.is_zero() => Err(ErrorKind::TimedOut.into()),
        Some(left) => TcpStream::connect_timeout(&address, left),
    }
}

/// Returns the next report, or `None` if there is none in time.
fn receive<T>(reports: &mpsc::Receiver<T>, until: Option<Instant>) -> Option<T> {
    match until {
        None => reports.recv().ok(),
        Some(until) => reports.recv_timeout(until.saturating_duration_since(Instant::now())).ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Duration};

    use super::*;

    fn listening() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        (listener, address)
    }

    fn within(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    /// Returns an address that neither accepts nor refuses connections, because its backlog is full.
    fn silent() -> Option<(SocketAddr, impl Sized)> {
        let (listener, address) = listening();
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            waiting.push(stream);
            if waiting.len() > 5_000 {
                return None;
            }
        }
        Some((address, (listener, waiting)))
    }

    #[test]
    fn a_silent_address_costs_a_moment_and_not_its_share_of_the_time() {
        let Some((silent, _full)) = silent() else { return };
        let (_listener, address) = listening();
        let begun = Instant::now();
        let stream = connect(&[silent, silent, address], Some(within(60))).expect("one of them listens");
        assert_eq!(stream.peer_addr().expect("it is connected"), address);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        let error = connect(&[silent, silent], Some(Instant::now() + Duration::from_millis(100))).expect_err("silent");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn after_a_refusal_the_next_is_tried_at_once() {
        let refusing = SocketAddr::from(([127, 0, 0, 1], 1));
        let (_listener, address) = listening();
        // With the head start in between this would take 25 s.
        let many = [vec![refusing; 100], vec![address]].concat();
        let begun = Instant::now();
        connect(&many, Some(within(60))).expect("one of them listens");
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }

    #[test]
    fn every_failure_is_named() {
        let refusing = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let error = connect(&refusing, Some(within(10))).expect_err("nothing listens").to_string();
        assert!(refusing.iter().all(|address| error.contains(&format!("{address}: "))), "{error}");
        let error = connect(&refusing[..1], None).expect_err("nothing listens").to_string();
        assert!(error.contains("127.0.0.1:1: "), "{error}");
        assert_eq!(connect(&refusing[..1], Some(within(0))).expect_err("no time").kind(), ErrorKind::TimedOut);
    }
}
