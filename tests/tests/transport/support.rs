//! Clients, and exchanges with uninterpreted outcomes.

use std::{
    sync::{Barrier, mpsc},
    thread,
};

use teamwire_core::{
    Client, Error,
    effect::{
        Body, Exchange, FileError, Part, Progress, Response, Timeout, TransferProgress, TransportError,
        TransportErrorKind,
    },
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

pub(crate) const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

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

/// Returns this body of one part, with an observer of its transfer.
pub(crate) fn observed_by(observer: impl Fn(TransferProgress) + Send + Sync + 'static, body: &Body) -> Body {
    let [part] = body.parts() else { panic!("it has one part") };
    part.clone().with_progress(Progress::new(observer)).into()
}

/// The file at this path, with its measured length.
pub(crate) fn file(path: &str, length: usize) -> Body {
    Part::file(path, length as u64).into()
}

/// Sends each request body back, after `100 Continue` if the client expects it.
pub(crate) fn echo() -> Server {
    Server::each(|_, mut peer| {
        while let Some(head) = peer.try_head() {
            if head.header("expect") == Some("100-continue") {
                peer.send(CONTINUE);
            }
            assert_eq!(head.header("transfer-encoding"), None);
            let body = peer.body(head.length());
            peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()));
            peer.send(body);
        }
    })
}

/// Returns the error of the file that made this exchange fail.
#[track_caller]
pub(crate) fn file_error(fault: &TransportError) -> &FileError {
    assert_eq!(fault.kind, TransportErrorKind::File, "{fault}");
    fault.source.downcast_ref().expect("the source is the error of the file")
}

/// A server that must not receive a whole request. `change` is called before it sends `100 Continue`.
pub(crate) fn receives_no_whole_request(change: impl Fn() + Send + Sync + 'static) -> Server {
    Server::script(move |listener| {
        let mut peer = listener.accept();
        // If the change is known from the beginning, nothing has to be sent.
        let Some(head) = peer.try_head() else { return };
        change();
        peer.send(CONTINUE);
        assert!(head.length() > 0 && peer.try_body(head.length()).is_none(), "a whole request");
    })
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
