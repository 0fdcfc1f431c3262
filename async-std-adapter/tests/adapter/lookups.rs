//! Lookups of hosts are shared, and their number is limited.

use std::{
    fmt,
    future::{Future, poll_fn},
    io,
    sync::{
        Arc, Mutex,
        atomic::Ordering,
        mpsc::{self, Sender},
    },
    task::Poll,
    time::Duration,
};

use async_std::task;
use teamwire_async_std::{
    AsyncStdRuntime, Runtime,
    effect::{Timeout, TransportErrorKind},
};

use teamwire_test_support::{Server, config};

use crate::support::{Probe, ask, error_of, me, perform};

const SHORT: Duration = Duration::from_millis(40);

/// Returns a runtime whose lookups hang until a message is sent for each, or the sender is dropped.
fn hangs(server: &Server) -> (Probe, Sender<()>) {
    let (release, waits) = mpsc::channel();
    let lookup_waits = Some(Arc::new(Mutex::new(waits)));
    (Probe { addresses: vec![server.address], lookup_waits, ..Probe::default() }, release)
}

fn lookups(probe: &Probe) -> usize {
    probe.lookups.load(Ordering::SeqCst)
}

#[test]
fn lookup_that_hangs_is_awaited_and_not_repeated() {
    let server = Server::always(me());
    let (probe, release) = hangs(&server);
    let client = probe.client(config("http://localhost"));
    for _ in 0..10 {
        let limit = Timeout::Total(SHORT);
        let error = perform(&client, |exchange| exchange.timeout = limit).expect_err("it hangs");
        assert_eq!((error.kind, error.sent), (TransportErrorKind::Timeout, false));
        assert!(error.to_string().contains("looking up the host"), "{error}");
    }
    assert_eq!(lookups(&probe), 1);
    let asking = task::spawn({
        let client = client.clone();
        async move { client.contacts().me().await }
    });
    release.send(()).expect("it hangs");
    // It may wait for the first lookup, or start another one if that has ended before.
    drop(release);
    task::block_on(asking).expect("a response");
    assert!(lookups(&probe) <= 2);
}

#[test]
fn all_waiting_exchanges_share_the_result_of_a_lookup() {
    const AT_ONCE: usize = 16;
    let server = Server::always(me());
    let (probe, release) = hangs(&server);
    let client = probe.client(config("http://localhost"));
    let asking = async {
        let mut asking: Vec<_> = (0..AT_ONCE).map(|_| Box::pin(client.contacts().me())).collect();
        // All of them wait before the lookup ends.
        let is_waiting = poll_fn(|context| {
            Poll::Ready(asking.iter_mut().all(|request| request.as_mut().poll(context).is_pending()))
        });
        assert!(is_waiting.await);
        release.send(()).expect("it hangs");
        drop(release);
        for request in asking {
            assert_eq!(request.await.expect("a response").first_name, "Example");
        }
    };
    task::block_on(asking);
    assert_eq!(lookups(&probe), 1);
}

#[test]
fn reason_of_a_failed_lookup_is_kept() {
    let reason = |error| {
        let probe = Probe { lookup_error: Some(error), ..Probe::default() };
        let client = probe.client(config("http://localhost"));
        let error = error_of(&client);
        assert!(!error.sent && teamwire_async_std::Error::from(error.clone()).is_transient(), "{error}");
        (error.kind, error.to_string())
    };
    let (_, text) = reason(|| io::Error::other(Vague(io::Error::other("the resolver is down"))));
    assert!(text.contains("it failed: the resolver is down"), "{text}");
    if cfg!(unix) {
        let (kind, text) = reason(|| io::Error::from_raw_os_error(24));
        assert_eq!(kind, TransportErrorKind::Connect, "the name may be good: {text}");
        assert!(text.contains("(os error 24)"), "{text}");
        let error =
            task::block_on(AsyncStdRuntime.resolve("not a name", 1)).expect_err("it is not a host name").to_string();
        assert!(error.contains("failed to lookup address information"), "{error}");
    }
}

/// An error that leaves its reason to its source.
#[derive(Debug)]
struct Vague(io::Error);

impl fmt::Display for Vague {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it failed")
    }
}

impl std::error::Error for Vague {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn hosts_that_hang_hold_a_limited_number_of_threads() {
    let server = Server::always(me());
    let (probe, release) = hangs(&server);
    let client = probe.client(config("http://localhost"));
    let mut kinds = Vec::new();
    for host in 0..6 {
        let result = perform(&client, |exchange| {
            exchange.timeout = Timeout::Total(SHORT);
            *exchange.request.uri_mut() = format!("http://host-{host}.example/").parse().expect("a URI");
        });
        kinds.push(result.expect_err("it hangs").kind);
    }
    assert_eq!(lookups(&probe), 4);
    assert_eq!(kinds[..4], [TransportErrorKind::Timeout; 4]);
    assert_eq!(kinds[4..], [TransportErrorKind::Resolve; 2]);
    drop(release);
}

#[test]
fn host_without_an_address_is_a_failure_to_resolve() {
    let error = error_of(&Probe::default().client(config("https://teamwire.invalid")));
    assert_eq!((error.kind, error.sent), (TransportErrorKind::Resolve, false));
    assert!(error.to_string().contains("teamwire.invalid: no host has this name"), "{error}");
}

#[test]
fn hosts_are_looked_up_for_new_connections_only() {
    let server = Server::always(me());
    let probe = Probe { addresses: vec![server.address], ..Probe::default() };
    let client = probe.client(config(&format!("http://localhost:{}", server.address.port())));
    for _ in 0..3 {
        ask(&client).expect("a response");
    }
    assert_eq!((lookups(&probe), server.connections()), (1, 1));

    let literal = probe.client(config(&server.url()));
    ask(&literal).expect("a response");
    assert_eq!(lookups(&probe), 1, "an address needs no lookup");
}
