//! The memory of a large upload does not depend on its length.
//!
//! It is the only test of its process, because it measures the memory of all of it.

use std::{
    fs::File,
    io::{self, Read},
};

use teamwire_core::effect::{Body, Part};
use teamwire_test_support::{Folder, Server, attempt, config};
use teamwire_tests::{
    Peak,
    harness::{AsyncStd, Blocking, Harness, Smol},
};

const LENGTH: u64 = 256 << 20;
/// Far less than the file, and more than the buffers of client and server.
const MAX_GROWTH: usize = 16 << 20;

/// A server that reads each body without keeping it.
fn server() -> Server {
    Server::each(|_, mut peer| {
        while let Some(head) = peer.try_head() {
            peer.send("HTTP/1.1 100 Continue\r\n\r\n");
            // The client waits for the 100, so that no byte of the body has been read with the head.
            let mut body = (&peer.stream).take(head.length() as u64);
            io::copy(&mut body, &mut io::sink()).expect("the client sends the body");
            peer.respond(200, "{}");
        }
    })
}

fn sends_in_little_memory<H: Harness>(path: &str) {
    let server = server();
    let client = H::connect(config(&server.url()));
    let file = || Part::file(path, LENGTH);
    let text = || Part::bytes(vec![b'x'; 200]);
    for body in [Body::from(file()), [text(), file(), text()].into_iter().collect()] {
        let peak = Peak::begin();
        let name = format!("{}: {body:?}", H::NAME);
        let reply = H::wait(attempt(&client, |exchange| {
            *exchange.request.method_mut() = http::Method::POST;
            *exchange.request.body_mut() = body;
        }));
        assert!(format!("{reply:?}").contains("Response"), "{name}: {reply:?}");
        let growth = peak.growth();
        assert!(growth < MAX_GROWTH, "{name}: {growth} bytes");
    }
}

#[test]
fn large_files_are_sent_in_little_memory() {
    let folder = Folder::new();
    let path = folder.path("large");
    // Without blocks on the disk.
    File::create(&path).and_then(|file| file.set_len(LENGTH)).expect("the folder takes a file");
    sends_in_little_memory::<Blocking>(&path);
    sends_in_little_memory::<AsyncStd>(&path);
    sends_in_little_memory::<Smol>(&path);
}
