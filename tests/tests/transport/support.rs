//! Clients, and exchanges with uninterpreted outcomes.

use std::{
    sync::{Barrier, mpsc},
    thread,
};

use teamwire_core::{
    Client, Error,
    effect::{Body, Exchange, Response, Timeout, TransferProgress, TransportError},
    machine::Reply,
    script::sample,
};
use teamwire_test_support::attempt;
pub(crate) use teamwire_test_support::{
    Authority, Folder, Listener, Peer, Server, config, pattern, refusing_address, response as http_response,
};
use teamwire_tests::harness::Harness;

/// Length of a body that does not fit into the buffers of the operating system.
pub(crate) const LARGE: usize = 32 << 20;

/// The response with the bot's user.
pub(crate) fn me() -> String {
    http_response(200, &bot())
}

/// The body of that response.
pub(crate) fn bot() -> String {
    sample::bot().to_string()
}

/// A client of this server that does not retry.
pub(crate) fn client<H: Harness>(server: &Server) -> Client<H::X> {
    H::connect(config(&server.url()))
}

/// Requests the bot's user. Returns its first name, which is `Example`.
pub(crate) fn ask<H: Harness>(client: &Client<H::X>) -> Result<String, Error> {
    H::wait(client.contacts().me()).map(|user| user.first_name)
}

/// Performs the request for the bot's user once, with these changes.
pub(crate) fn perform<H: Harness>(
    client: &Client<H::X>,
    change: impl FnOnce(&mut Exchange),
) -> Result<Response, TransportError> {
    match H::wait(attempt(client, change)).expect("the machine of an attempt has no errors") {
        Reply::Response(response) => Ok(response),
        Reply::Error(fault) => Err(fault),
        Reply::File(_) => panic!("it is not a file task"),
    }
}

/// As [`perform`], for an exchange with a response.
#[track_caller]
pub(crate) fn response<H: Harness>(client: &Client<H::X>, change: impl FnOnce(&mut Exchange)) -> Response {
    perform::<H>(client, change).unwrap_or_else(|fault| panic!("a response should come: {fault}"))
}

/// As [`perform`], for an exchange that fails.
#[track_caller]
pub(crate) fn fault<H: Harness>(client: &Client<H::X>, change: impl FnOnce(&mut Exchange)) -> TransportError {
    match perform::<H>(client, change) {
        Err(fault) => fault,
        Ok(response) => panic!("no response should come: {response:?}"),
    }
}

/// Leaves the exchange unchanged.
pub(crate) fn unchanged(_: &mut Exchange) {}

/// Returns a change that posts this body.
pub(crate) fn posting(body: Body) -> impl FnOnce(&mut Exchange) {
    |exchange| {
        *exchange.request.method_mut() = http::Method::POST;
        *exchange.request.body_mut() = body;
    }
}

/// Returns a change that sets this timeout.
pub(crate) fn within(timeout: Timeout) -> impl FnOnce(&mut Exchange) {
    move |exchange| exchange.timeout = timeout
}

/// The file at this path, with its measured length.
pub(crate) fn file(path: &str, length: usize) -> Body {
    Body::File { path: path.to_owned(), length: length as u64, may_grow: false }
}

/// Requests the bot's user in this number of threads at once.
pub(crate) fn ask_at_once<H: Harness>(client: &Client<H::X>, threads: usize) {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                start.wait();
                assert_eq!(ask::<H>(client).expect("each request succeeds"), "Example");
            });
        }
    });
}

/// Reads a request of each of this number of connections, and only then responds to them.
pub(crate) fn serve_at_once(listener: &Listener, connections: usize) -> Vec<Peer> {
    let mut peers: Vec<_> = (0..connections).map(|_| listener.accept()).collect();
    respond_at_once(&mut peers);
    peers
}

/// Reads a request of each of these connections, and only then responds to them.
pub(crate) fn respond_at_once(peers: &mut [Peer]) {
    for peer in &mut *peers {
        peer.request();
    }
    for peer in peers {
        peer.send(me());
    }
}

/// An observer of a transfer, and its reports.
pub(crate) fn observed() -> (impl Fn(TransferProgress) + Send + Sync + 'static, mpsc::Receiver<TransferProgress>) {
    let (sender, receiver) = mpsc::channel();
    (move |transferred| sender.send(transferred).expect("the test listens"), receiver)
}
