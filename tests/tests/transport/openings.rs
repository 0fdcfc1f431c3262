//! The limit on connections to a server that are opened at once, and the queue of the requests that wait for that.

use std::{
    future,
    sync::{Mutex, mpsc},
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use teamwire_async_std::{AsyncExecutor, Runtime};
use teamwire_core::{
    Client, Error, ErrorKind, StopHandle,
    effect::{Exchange, Now, Timeout, TransportErrorKind},
    machine::Reply,
    observe::Observation,
};
use teamwire_test_support::attempt;
use teamwire_tests::{
    executor_test,
    harness::{AsyncStd, Harness, Smol},
    limit,
};

use crate::{
    support::{Server, ask, client, config, fault, me, perform, within},
    tls::AUTHORITY,
};

/// Number of connections that are opened at once.
const LIMIT: usize = 64;
/// Time after which a connection that is still being opened does not count any more.
const COUNTS_FOR: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_millis(100);
/// Number of the first connection that the server leaves in its handshake.
const FIRST_HELD: usize = 1;

/// A client with one connection, whose further connections hang while they are opened, as many as the limit allows.
struct Hanging<'a, H: Harness> {
    server: &'a Server,
    client: &'a Client<H::X>,
    /// Gets `()` at the start of each attempt.
    attempts: &'a mpsc::Receiver<()>,
    /// Gets the first line of each request that arrives after the first one.
    lines: &'a mpsc::Receiver<String>,
    /// Lets the server respond to the request on the first connection.
    respond: mpsc::Sender<()>,
    /// Dropping it ends the connections that hang.
    held: mpsc::Sender<()>,
}

/// Runs this while connections hang. Repeats it if that took so long that some of them did not count any more: only a
/// busy machine needs more than half of the time.
fn while_connections_hang<H: Harness>(act: impl Fn(Hanging<'_, H>) -> Result<(), String>) {
    for _ in 0..20 {
        let (elapsed, result) = round::<H>(&act);
        if elapsed < COUNTS_FOR {
            return result.unwrap_or_else(|why| panic!("{why}"));
        }
    }
    panic!("it never ended before the connections that hang stopped to count");
}

fn round<H: Harness>(act: impl Fn(Hanging<'_, H>) -> Result<(), String>) -> (Duration, Result<(), String>) {
    let (respond, responds) = mpsc::channel::<()>();
    let (held, release) = mpsc::channel::<()>();
    let (arrived, arrivals) = mpsc::channel();
    let (followed, lines) = mpsc::channel();
    let (responds, release) = (Mutex::new(responds), Mutex::new(release));
    let settings = AUTHORITY.server("localhost");
    let server = Server::each(move |number, peer| {
        if (FIRST_HELD..FIRST_HELD + LIMIT).contains(&number) {
            arrived.send(()).expect("the test waits");
            release.lock().expect("nothing panics with it").recv().expect_err("nothing is sent");
            return;
        }
        let mut peer = peer.secure(&settings);
        let mut is_first = number == 0;
        while let Some(request) = peer.try_request() {
            if is_first {
                arrived.send(()).expect("the test waits");
                responds.lock().expect("nothing panics with it").recv().ok();
            } else {
                // The test may have ended.
                followed.send(request.line().to_owned()).ok();
            }
            is_first = false;
            peer.send(me());
        }
    });
    let (attempted, attempts) = mpsc::channel();
    let observer = move |_: Now, observation: &Observation<'_>| {
        if let Observation::Attempt { .. } = observation {
            attempted.send(()).expect("the test listens");
        }
    };
    let config = config(&server.https("localhost")).with_root_certificates_pem(AUTHORITY.pem());
    let client = H::connect(config.with_observer(observer));
    thread::scope(|scope| {
        let arrive = || {
            scope.spawn(|| drop(ask::<H>(&client)));
            attempts.recv().expect("it is attempted");
        };
        arrive();
        arrivals.recv().expect("the first request arrives");
        let begun = Instant::now();
        (0..LIMIT).for_each(|_| arrive());
        (0..LIMIT).for_each(|_| arrivals.recv().expect("it connects"));
        let result =
            act(Hanging { server: &server, client: &client, attempts: &attempts, lines: &lines, respond, held });
        (begun.elapsed(), result)
    })
}

fn check(holds: bool, why: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.into()) }
}

/// Checks that this is the response of the server.
fn check_name(name: Result<String, Error>) -> Result<(), String> {
    name.map_err(|error| error.to_string()).and_then(|name| check(name == "Example", name))
}

/// Performs an exchange with these changes, which has to time out while it waits.
fn times_out_in_the_queue<H: Harness>(client: &Client<H::X>, change: impl FnOnce(&mut Exchange)) -> Result<(), String> {
    let fault = fault::<H>(client, change);
    let text = fault.to_string();
    check((fault.kind, fault.sent) == (TransportErrorKind::Timeout, false), &text)?;
    check(text.contains("while waiting for a free connection") && text.contains("100ms"), text)
}

impl<H: Harness> Hanging<'_, H> {
    /// Checks that only the connections that hang, and the first one, were made.
    fn has_opened_no_others(&self) -> Result<(), String> {
        let connections = self.server.connections();
        check(connections == LIMIT + 1, format!("{connections} connections"))
    }
}

#[executor_test(adapters)]
fn wait_to_open_a_connection_counts_towards_the_timeout<H: Harness>() {
    while_connections_hang::<H>(|hanging| {
        times_out_in_the_queue::<H>(hanging.client, within(Timeout::Total(SHORT)))?;
        times_out_in_the_queue::<H>(hanging.client, within(Timeout::Idle(SHORT)))?;
        times_out_in_the_queue::<H>(hanging.client, |exchange| exchange.max_duration = Some(SHORT))?;
        hanging.has_opened_no_others()
    });
}

#[executor_test(adapters)]
fn long_poll_waits_as_well_to_open_a_connection<H: Harness>() {
    while_connections_hang::<H>(|hanging| {
        times_out_in_the_queue::<H>(hanging.client, within(Timeout::LongPoll { head: SHORT, idle: SHORT }))?;
        hanging.has_opened_no_others()
    });
}

#[executor_test(adapters)]
fn connections_that_hang_do_not_affect_another_server<H: Harness>() {
    let other = Server::always(me());
    while_connections_hang::<H>(|hanging| {
        let uri = format!("{}/v1/me", other.url()).parse().expect("it is a URI");
        let response = perform::<H>(hanging.client, |exchange| *exchange.request.uri_mut() = uri);
        check(response.is_ok(), format!("{response:?}"))?;
        hanging.has_opened_no_others()
    });
}

#[executor_test(adapters)]
fn request_that_waits_takes_a_connection_that_becomes_idle<H: Harness>() {
    while_connections_hang::<H>(|hanging| {
        thread::scope(|scope| {
            let waiting = scope.spawn(|| ask::<H>(hanging.client));
            hanging.attempts.recv().expect("it is attempted");
            // Meanwhile the other one waits as well.
            let probed = times_out_in_the_queue::<H>(hanging.client, within(Timeout::Total(SHORT)));
            hanging.respond.send(()).expect("the server waits");
            check_name(waiting.join().expect("it does not panic")).and(probed)
        })?;
        hanging.has_opened_no_others()
    });
}

#[executor_test(adapters)]
fn long_poll_lets_a_later_request_go_first<H: Harness>() {
    let long_poll = |exchange: &mut Exchange| {
        exchange.timeout = Timeout::LongPoll { head: Duration::from_secs(10), idle: Duration::from_secs(10) };
        let uri = exchange.request.uri().to_string().replace("/me", "/events");
        *exchange.request.uri_mut() = uri.parse().expect("it is a URI");
    };
    let first = || {
        let first = Mutex::default();
        while_connections_hang::<H>(|hanging| {
            let probe = || times_out_in_the_queue::<H>(hanging.client, within(Timeout::Total(SHORT)));
            thread::scope(|scope| {
                let long_poll = scope.spawn(|| perform::<H>(hanging.client, long_poll));
                let mut probed = probe();
                let request = scope.spawn(|| ask::<H>(hanging.client));
                hanging.attempts.recv().expect("it is attempted");
                probed = probed.and(probe());
                hanging.respond.send(()).expect("the server waits");
                let response = long_poll.join().expect("it does not panic");
                check_name(request.join().expect("it does not panic"))?;
                check(response.is_ok(), format!("{response:?}")).and(probed)
            })?;
            *first.lock().expect("nothing panics with it") = hanging.lines.try_recv().expect("both have arrived");
            Ok(())
        });
        first.into_inner().expect("nothing panics with it")
    };
    // On a busy machine, the request may not be in the queue yet.
    assert!((0..5).any(|_| first().contains("/me ")), "the long poll goes first");
}

#[executor_test(adapters)]
fn request_that_needs_a_new_connection_takes_no_idle_one<H: Harness>() {
    while_connections_hang::<H>(|hanging| {
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                times_out_in_the_queue::<H>(hanging.client, |exchange| {
                    (exchange.timeout, exchange.requires_new_connection) = (Timeout::Total(SHORT), true);
                })
            });
            hanging.respond.send(()).expect("the server waits");
            waiting.join().expect("it does not panic")
        })?;
        hanging.has_opened_no_others()
    });
}

#[executor_test(adapters)]
fn wait_to_open_a_connection_can_be_stopped<H: Harness>() {
    while_connections_hang::<H>(|hanging| {
        let stop = StopHandle::new();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| ask::<H>(&hanging.client.stopped_by(&stop)));
            hanging.attempts.recv().expect("it is attempted");
            // Meanwhile the other one waits as well.
            let probed = times_out_in_the_queue::<H>(hanging.client, within(Timeout::Total(SHORT)));
            stop.stop();
            let error = waiting.join().expect("it does not panic").expect_err("it is stopped");
            check(error.kind() == ErrorKind::Cancelled, format!("{error:?}")).and(probed)
        })?;
        hanging.has_opened_no_others()
    });
}

#[executor_test(adapters)]
fn failed_attempts_let_the_next_ones_connect<H: Harness>() {
    while_connections_hang::<H>(|hanging| {
        const WAITING: usize = 4;
        let Hanging { server, client, attempts, held, .. } = hanging;
        thread::scope(|scope| {
            let waiting: Vec<_> = (0..WAITING).map(|_| scope.spawn(|| ask::<H>(client))).collect();
            (0..WAITING).for_each(|_| attempts.recv().expect("it is attempted"));
            drop(held);
            waiting.into_iter().try_for_each(|thread| check_name(thread.join().expect("it does not panic")))
        })?;
        let connections = server.connections();
        check(connections <= LIMIT + 1 + WAITING, format!("{connections} connections"))
    });
}

#[executor_test(adapters)]
fn connections_that_hang_for_long_do_not_hold_up_others<H: Harness>() {
    let (_, result) = round::<H>(|hanging| {
        // Half of the timeout of those that hang.
        let response = perform::<H>(hanging.client, within(Timeout::Total(Duration::from_secs(5))));
        check(response.is_ok(), format!("{response:?}"))
    });
    result.unwrap_or_else(|why| panic!("{why}"));
}

/// A task that awaits a request while many others of it are not polled, such as those of a stream in whose loop it is.
fn awaits_one_while_others_wait<H: Harness<X = AsyncExecutor<R>>, R: Runtime>() {
    let server = Server::always(me());
    let client = client::<H>(&server);
    let task = async {
        // One half starts to open connections, and the other one waits for that.
        let mut others: Vec<_> = (0..2 * LIMIT).map(|_| client.contacts().me()).collect();
        let are_pending =
            future::poll_fn(|cx| Poll::Ready(others.iter_mut().all(|other| other.as_mut().poll(cx).is_pending())));
        assert!(are_pending.await, "each waits at least for the server");
        // Much more than a connection that is opened, or a request that waits for that, counts without being polled.
        let reply = attempt(&client, within(Timeout::Total(Duration::from_secs(10)))).await?;
        assert!(matches!(reply, Reply::Response(_)), "{reply:?}");
        for other in others {
            assert_eq!(other.await?.first_name, "Example");
        }
        Ok(())
    };
    H::wait(Box::pin(task)).expect("each request succeeds");
}

#[test]
fn requests_that_are_not_polled_do_not_hold_up_others_of_their_task() {
    limit::run("openings::on_async_std", awaits_one_while_others_wait::<AsyncStd, _>);
    limit::run("openings::on_smol", awaits_one_while_others_wait::<Smol, _>);
}
