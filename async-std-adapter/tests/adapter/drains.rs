//! Bytes of a request that the operating system still delivers are not silence.

use std::{
    thread,
    time::{Duration, Instant},
};

use rustix::net::sockopt::set_socket_recv_buffer_size;
use teamwire_async_std::{Body, Timeout};

use crate::support::{Folder, Peer, Server, answer, client, pattern, perform};

/// Reads a body slowly: it takes longer than the client waits for a byte to move, and pauses are shorter than that.
fn reads_slowly(peer: &mut Peer, limit: Duration) {
    // What waits in this buffer has been delivered, as far as the client can know: so it must not become large. Were it much
    // smaller, the operating system would pause by itself.
    set_socket_recv_buffer_size(&peer.stream, 256 << 10).expect("a socket");
    let head = peer.head().expect("a request");
    let pieces = (head.length() / SLOW_PIECE).max(1);
    for _ in 0..pieces {
        thread::sleep(limit / 20);
        peer.body(SLOW_PIECE).expect("some of the body");
    }
    peer.body(head.length() - pieces * SLOW_PIECE).expect("the rest");
    peer.send(answer(200, "{}"));
}

const SLOW_PIECE: usize = 100_000;

#[test]
fn bytes_that_the_operating_system_still_delivers_are_bytes_that_move() {
    const LENGTH: usize = 4_000_000;
    let limit = Duration::from_millis(900);
    let folder = Folder::new();
    let path = folder.file("file", pattern(LENGTH));
    let server = Server::start(move |_, mut peer| reads_slowly(&mut peer, limit));
    let client = client(&server);
    let file = Body::File { path, length: LENGTH as u64, may_grow: false };
    for body in [Body::from(pattern(LENGTH)), file] {
        let begun = Instant::now();
        let response = perform(&client, |exchange| {
            *exchange.request.method_mut() = http::Method::POST;
            *exchange.request.body_mut() = body;
            exchange.timeout = Timeout::Inactivity(limit);
            exchange.fresh = true;
        });
        assert_eq!(response.expect("a response").status(), 200);
        assert!(begun.elapsed() > limit);
    }
    drop(client);
}
