//! Servers that do as their test says, and requests whose outcome is seen as it is.

mod log;

use std::{
    convert::Infallible,
    env, fs,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    panic, process,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use teamwire_blocking::{
    Body, ByHand, Client, Config, Credentials, Error, Exchange, Executor, Fault, Machine, Moment, Now, Reply, Response,
    RetryPolicy, Step, Ticket,
};
use ureq::http::Method;

pub(crate) use self::log::logged;

/// The answer to a request for the bot itself.
pub(crate) const ME: &str =
    r#"{"uid":"u-bot","first_name":"Example","last_name":"Bot","organisation":"Example Org","is_bot":true}"#;

/// A server in a thread of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    thread: thread::JoinHandle<()>,
}

impl Server {
    pub(crate) fn new(serve: impl FnOnce(&TcpListener) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        Self { address, thread: thread::spawn(move || serve(&listener)) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client of this server that tries everything once.
    pub(crate) fn client(&self) -> Client {
        client(config(&self.url()))
    }

    /// Waits until it has done all that the test says, and fails as it does.
    pub(crate) fn done(self) {
        if let Err(failure) = self.thread.join() {
            panic::resume_unwind(failure);
        }
    }
}

/// Options under which everything is tried once.
pub(crate) fn config(url: &str) -> Config {
    let credentials = Credentials::new("app-id", "the secret").expect("credentials");
    Config::allowing_plain_http(url, credentials).expect("a URL").with_retry(RetryPolicy::NEVER)
}

pub(crate) fn client(config: Config) -> Client {
    teamwire_blocking::client(config).expect("options that can be had")
}

/// The next client of a server.
pub(crate) fn accept(listener: &TcpListener) -> Peer<TcpStream> {
    let (stream, _) = listener.accept().expect("a client");
    // As servers have it: what waits for an acknowledgement would be lost when the connection is reset.
    stream.set_nodelay(true).expect("a socket");
    Peer::new(stream)
}

/// A connection as a server sees it.
pub(crate) struct Peer<S> {
    pub(crate) stream: S,
}

/// A request as it arrived.
pub(crate) struct Request {
    /// Up to and with the empty line.
    pub(crate) head: String,
    pub(crate) body: String,
    /// How many reads it took.
    pub(crate) reads: usize,
}

impl Request {
    /// The values of this header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

impl<S: Read + Write> Peer<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self { stream }
    }

    /// The next request; `None` once the client has closed the connection.
    pub(crate) fn next_request(&mut self) -> Option<Request> {
        let mut bytes = Vec::new();
        let mut piece = vec![0; 64 << 10];
        for reads in 1.. {
            let amount = self.stream.read(&mut piece).unwrap_or(0);
            if amount == 0 {
                break;
            }
            bytes.extend_from_slice(&piece[..amount]);
            let text = String::from_utf8_lossy(&bytes);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let request = Request { head: format!("{head}\r\n\r\n"), body: body.to_owned(), reads };
            let length: usize = request.header("content-length").first().map_or(0, |n| n.parse().expect("a length"));
            if request.body.len() >= length {
                return Some(request);
            }
        }
        assert!(bytes.is_empty(), "a request ends in the middle");
        None
    }

    pub(crate) fn request(&mut self) -> Request {
        self.next_request().expect("a request")
    }

    /// The head of the next request, and nothing of its body.
    pub(crate) fn head(&mut self) -> Request {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).expect("a head");
            head.extend_from_slice(&byte);
        }
        Request { head: String::from_utf8(head).expect("text"), body: String::new(), reads: 0 }
    }

    /// The body of a request, so many bytes of it.
    pub(crate) fn body(&mut self, length: usize) -> Vec<u8> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        body
    }

    /// Sends these bytes, as far as the client takes them.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).and_then(|()| self.stream.flush()).is_ok()
    }

    pub(crate) fn answer(&mut self, status: u16, body: &str) -> bool {
        self.send(format!("HTTP/1.1 {status} As It Is\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
    }

    /// Takes a request, and answers it.
    pub(crate) fn serve(&mut self, status: u16, body: &str) -> Request {
        let request = self.request();
        self.answer(status, body);
        request
    }

    /// Takes a request, answers with this many bytes and a little more, and waits until the client closes the connection.
    pub(crate) fn answer_too_much(&mut self, length: usize) {
        self.request();
        let (body, rest) = ("x".repeat(length), "HTTP/1.1 500 Left Over\r\ncontent-length: 0\r\n\r\n".repeat(500));
        self.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}{rest}"));
        self.until_closed();
    }

    /// Waits until the client closes the connection.
    pub(crate) fn until_closed(&mut self) {
        let mut rest = [0; 1024];
        loop {
            match self.stream.read(&mut rest) {
                Ok(0) => return,
                Err(error) if error.kind() != ErrorKind::Interrupted => return,
                _ => {}
            }
        }
    }
}

/// What comes of one exchange: that of a request for the bot itself, with these changes.
pub(crate) fn attempt(client: &Client, change: impl FnOnce(&mut Exchange)) -> Reply {
    let now = Now::new(Moment::EPOCH, client.executor().now().utc);
    let by_hand = teamwire_core::Client::new(ByHand::new(client.config().clone(), [7; 32], now));
    let Step::Send(ticket, mut exchange) = by_hand.contacts().me().poll(now) else { panic!("it sends a request") };
    change(&mut exchange);
    client.executor().run(Once { ticket, exchange, reply: None }).expect("it always ends well")
}

/// As [`attempt`], where no answer comes.
pub(crate) fn fault(client: &Client, change: impl FnOnce(&mut Exchange)) -> Fault {
    match attempt(client, change) {
        Reply::Fault(fault) => fault,
        Reply::Response(response) => panic!("no answer should come: {response:?}"),
        Reply::File(_) => panic!("this is no file task"),
    }
}

/// As [`attempt`], where an answer comes.
pub(crate) fn response(client: &Client, change: impl FnOnce(&mut Exchange)) -> Response {
    match attempt(client, change) {
        Reply::Response(response) => response,
        Reply::Fault(fault) => panic!("an answer should come: {fault}"),
        Reply::File(_) => panic!("this is no file task"),
    }
}

/// A file of so many bytes, for as long as this is kept.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) length: u64,
}

impl File {
    pub(crate) fn new(length: usize) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("teamwire-blocking-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let path = env::temp_dir().join(name).to_str().expect("a path in Unicode").to_owned();
        fs::write(&path, vec![b'x'; length]).expect("a file");
        Self { path, length: length as u64 }
    }

    pub(crate) fn body(&self) -> Body {
        Body::File { path: self.path.clone(), length: self.length, may_grow: false }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        fs::remove_file(&self.path).expect("it is there");
    }
}

/// Has the exchange post this body.
pub(crate) fn posting(body: Body) -> impl FnOnce(&mut Exchange) {
    |exchange| {
        *exchange.request.method_mut() = Method::POST;
        *exchange.request.body_mut() = body;
    }
}

/// Leaves the exchange as it is.
pub(crate) fn as_is(_: &mut Exchange) {}

/// A machine that sends one exchange, and ends with its reply.
struct Once {
    ticket: Ticket,
    exchange: Box<Exchange>,
    reply: Option<Reply>,
}

impl Machine for Once {
    type Event = Infallible;
    type Output = Reply;

    fn poll(&mut self, _: Now) -> Step<Infallible, Result<Reply, Error>> {
        match self.reply.take() {
            Some(reply) => Step::Done(Ok(reply)),
            None => Step::Send(self.ticket, self.exchange.clone()),
        }
    }

    fn handle(&mut self, _: Now, _: Ticket, reply: Reply) {
        self.reply = Some(reply);
    }
}
