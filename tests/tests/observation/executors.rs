//! Observations of each executor over a socket.

use teamwire_core::{config::RetryPolicy, script::sample};
use teamwire_test_support::{Server, config, response};
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::Record;

#[executor_test]
fn operations_and_retries_are_reported<H: Harness>() {
    let server = Server::each(|number, mut peer| {
        if peer.try_request().is_some() {
            let unavailable = "HTTP/1.1 503 Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            let bot = response(200, &sample::bot().to_string());
            peer.send(if number == 0 { unavailable } else { &bot });
        }
    });
    let record = Record::default();
    let backoff = std::time::Duration::from_millis(1);
    let policy = RetryPolicy { initial_backoff: backoff, ..RetryPolicy::default() };
    let client = H::connect(config(&server.url()).with_retry(policy).with_observer(record.clone()));
    H::wait(client.contacts().me()).expect("the retry succeeds");
    let lines = record.take();
    let expected = ["0 me", "0 attempt 1", "0 retrying 1: server", "0 attempt 2"];
    assert_eq!(lines[..4], expected, "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("0 finished 2 200: ok"), "{lines:?}");
    drop(client);
}
