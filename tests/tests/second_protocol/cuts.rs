//! Connections that are cut at random bytes: without idempotency keys, no post may be sent twice.

use std::{
    env,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use teamwire_core::{Config, Credentials, config::RetryPolicy};
use teamwire_protocols::Second;
use teamwire_sandbox::org;
use teamwire_test_support::Rng;
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use super::backend;

const THREADS: usize = 8;
/// Requests and responses of a post have fewer bytes.
const LONGEST: u64 = 900;

/// The number of posts, by the environment variable if it is set.
fn posts() -> usize {
    env::var("TEAMWIRE_REQUESTS").ok().and_then(|number| number.parse().ok()).unwrap_or(200)
}

/// A relay that cuts half of its connections after a random number of bytes in one direction.
struct Relay {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    cuts: Arc<AtomicUsize>,
}

impl Relay {
    fn start(backend: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let (is_over, cuts) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (over, count) = (Arc::clone(&is_over), Arc::clone(&cuts));
        thread::spawn(move || {
            let rng = Mutex::new(Rng::new(17));
            let draw = |end| rng.lock().unwrap_or_else(PoisonError::into_inner).below(end);
            for client in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(backend)) else { continue };
                let limits = match draw(4) {
                    0 => (draw(LONGEST), u64::MAX),
                    1 => (u64::MAX, draw(LONGEST)),
                    _ => (u64::MAX, u64::MAX),
                };
                let copies = [(&client, &server, limits.0), (&server, &client, limits.1)];
                for (from, to, limit) in copies {
                    let both = (from.try_clone().expect("it is open"), to.try_clone().expect("it is open"));
                    let count = Arc::clone(&count);
                    thread::spawn(move || {
                        if forward(&both.0, &both.1, limit) {
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                        // Both directions end together.
                        let _ = (both.0.shutdown(Shutdown::Both), both.1.shutdown(Shutdown::Both));
                    });
                }
            }
        });
        Self { address, is_over, cuts }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

/// Copies up to this many bytes. Returns `true` if there were more.
fn forward(mut from: &TcpStream, mut to: &TcpStream, limit: u64) -> bool {
    let (mut rest, mut buffer) = (limit, [0; 4096]);
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let passed = usize::try_from(rest).unwrap_or(usize::MAX).min(length);
        if to.write_all(&buffer[..passed]).is_err() {
            return false;
        }
        if passed < length {
            return true;
        }
        rest -= passed as u64;
    }
    false
}

#[executor_test(second)]
fn no_post_is_sent_twice_if_connections_are_cut<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let relay = Relay::start(backend(&fixture).address());
    let credentials = Credentials::new(fixture.sandbox.app_id(), fixture.sandbox.secret()).expect("they are valid");
    let config = Config::new(&format!("http://{}", relay.address), credentials).expect("it is a URL");
    let moment = std::time::Duration::from_millis(1);
    let retry = RetryPolicy { initial_backoff: moment, max_backoff: moment, ..RetryPolicy::default() };
    let client = H::connect(config.with_retry(retry).with_protocol(Second::default()));

    let each = posts().div_ceil(THREADS);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let post = |thread: usize| {
            let lobby = client.chats().chat(org::LOBBY);
            (0..each).map(move |number| {
                let text = format!("{thread}/{number}");
                let result = H::wait(lobby.post(text.clone())).map(drop);
                (text, result)
            })
        };
        let threads: Vec<_> = (0..THREADS).map(|at| scope.spawn(move || post(at).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("it ends")).collect()
    });
    // A request whose connection was cut may still be in progress.
    assert!(fixture.sandbox.wait_until(std::time::Duration::from_secs(60), |sandbox| sandbox.connections().open == 0));

    let shown: Vec<String> = fixture.sandbox.texts(org::LOBBY).into_iter().flatten().collect();
    let mut unknown = 0;
    for (text, result) in &outcomes {
        let times = shown.iter().filter(|shown| *shown == text).count();
        match result {
            Ok(()) => assert_eq!(times, 1, "{text}"),
            Err(error) if error.outcome_unknown() => {
                assert!(times <= 1, "{text} is shown {times} times: {error}");
                unknown += 1;
            }
            Err(error) => assert_eq!(times, 0, "{text} is shown, but the error denies it: {error:?}"),
        }
    }
    assert!(
        unknown > 0 && unknown < outcomes.len() && relay.cuts.load(Ordering::Relaxed) > 0,
        "{unknown} of {}",
        outcomes.len()
    );
}
