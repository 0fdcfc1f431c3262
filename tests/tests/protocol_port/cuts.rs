//! Connections that are cut at any byte: nothing is posted twice, and each uncertain post is reported as such.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use teamwire_core::{config::RetryPolicy, script::sample};
use teamwire_test_support::{Peer, Rng, Server, config, response};
use teamwire_tests::{TokenProtocol, executor_test, harness::Harness};

const POSTS: usize = 1_000;
/// More than a request or a response has.
const MAX_LENGTH: usize = 512;

const ONCE: TokenProtocol =
    TokenProtocol { posts_once: true, returns_nothing: false, without_login: true, encloses_files: false };

/// The number of complete requests by their text.
type Posted = Arc<Mutex<BTreeMap<String, usize>>>;

/// Serves a connection that is cut after a number of bytes of the request or the response.
fn serve(posted: &Posted, number: usize, mut peer: Peer) {
    let mut random = Rng::new(number as u64);
    let (cuts_request, at) = (random.below(2) == 0, random.index(MAX_LENGTH));
    if cuts_request {
        let mut bytes = vec![0; at];
        // A request that is shorter than that is complete.
        let mut read = 0;
        while read < at && !is_complete(&bytes[..read]) {
            match peer.stream.read(&mut bytes[read..]) {
                Ok(length) if length > 0 => read += length,
                _ => return,
            }
        }
        if is_complete(&bytes[..read]) {
            count(posted, &bytes[..read]);
        }
        return;
    }
    let Some(request) = peer.try_request() else { return };
    count(posted, &request.body);
    let whole = response(201, &sample::message("m1", "c1", "hello").to_string());
    let at = at.min(whole.len());
    // The client may have closed the connection already.
    let _ = peer.stream.write_all(&whole.as_bytes()[..at]);
}

/// Returns `true` if a request has its body, which is a JSON object.
fn is_complete(bytes: &[u8]) -> bool {
    bytes.windows(5).any(|window| window == b"\r\n\r\n{") && bytes.ends_with(b"}")
}

fn count(posted: &Posted, request: &[u8]) {
    let text = String::from_utf8_lossy(request);
    let text = text.split("\"post number ").nth(1).and_then(|rest| rest.split('"').next()).expect("it has a number");
    *posted.lock().expect("no thread panics with the lock").entry(text.to_owned()).or_default() += 1;
}

#[executor_test(adapters)]
fn post_that_is_sent_once_is_never_posted_twice<H: Harness>() {
    let posted = Posted::default();
    let server = {
        let posted = Arc::clone(&posted);
        Server::each(move |number, peer| serve(&posted, number, peer))
    };
    let short = Duration::from_millis(1);
    let policy = RetryPolicy { initial_backoff: short, max_backoff: short, ..RetryPolicy::default() };
    let client = H::connect(config(&server.url()).with_protocol(ONCE).with_retry(policy));
    let chat = client.chats().chat("c1");
    let results: Vec<_> = (0..POSTS).map(|number| H::wait(chat.post(format!("post number {number}")))).collect();
    drop(chat);
    drop(client);
    drop(server);
    let posted = posted.lock().expect("no thread panics with the lock");
    let (mut succeeded, mut uncertain) = (0, 0);
    for (number, result) in results.iter().enumerate() {
        let times = posted.get(&number.to_string()).copied().unwrap_or_default();
        match result {
            Ok(_) => {
                assert_eq!(times, 1, "post {number} succeeded");
                succeeded += 1;
            }
            Err(error) => {
                assert!(times <= 1, "post {number} was posted {times} times: {error:?}");
                assert!(times == 0 || error.outcome_unknown(), "post {number} was posted: {error:?}");
                uncertain += times;
            }
        }
    }
    assert!(succeeded > POSTS / 20 && uncertain > POSTS / 20, "{succeeded} succeeded, {uncertain} are uncertain");
}
