//! Servers and proxies that repeat all credentials in their responses, in every spelling: no error and no log record of
//! any crate contains them.

use std::{
    error::Error as _,
    fmt::Write as _,
    io::{Read, Write},
    mem,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use log::{Level, LevelFilter, Log, Metadata, Record};
use teamwire_core::{Config, Credentials, Error, config::RetryPolicy};
use teamwire_tests::{
    executor_test,
    harness::{Blocking, Harness},
    spellings::{echoes, is_not_in},
};

const APP_ID: &str = "bot?7~f3&ward<seven>north";
const SECRET: &str = "s3cr3t\"of?<the>\\bot/=1";
/// User and password of the proxy.
const PROXY: (&str, &str) = ("proxy&user<north", "pr0xy\"word<of>?bot");

/// Number of echoes in one response.
const AT_ONCE: usize = 60;

/// Everything that was logged, with rows of bytes as text.
static LINES: Mutex<String> = Mutex::new(String::new());

struct Keep;

impl Log for Keep {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        match bytes(&line).filter(|_| record.level() == Level::Trace) {
            Some(text) => lines.push_str(&text),
            None => writeln!(lines, "\n{}: {line}", record.target()).expect("it is a string"),
        }
    }

    fn flush(&self) {}
}

/// Returns the text of a row of sixteen bytes, as `ureq_proto` logs them: eight pairs in hexadecimal, then as text.
fn bytes(line: &str) -> Option<String> {
    let hex = line.get(..40).filter(|_| line.len() == 57)?.replace([' ', '-'], "");
    let bytes: Option<Vec<u8>> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect();
    Some(String::from_utf8_lossy(&bytes?).into_owned())
}

/// The log, which only one test uses at a time.
struct Logged(#[expect(dead_code, reason = "it is held")] MutexGuard<'static, ()>);

impl Logged {
    fn begin() -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        static IS_SET: AtomicBool = AtomicBool::new(false);
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        if !IS_SET.swap(true, Ordering::SeqCst) {
            log::set_logger(&Keep).expect("no other logger is set");
            log::set_max_level(LevelFilter::Trace);
        }
        LINES.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Self(turn)
    }

    /// Returns the text logged since the last call.
    #[expect(clippy::unused_self, reason = "only the test that has the log may take it")]
    fn take(&self) -> String {
        mem::take(&mut LINES.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A server that sends these bytes after each request of its only connection, and then closes it.
fn server(responses: Vec<Vec<u8>>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        for response in responses {
            // The client may close the connection before it has read everything.
            if !reads_head(&mut stream) || stream.write_all(&response).is_err() {
                break;
            }
        }
    });
    (address, thread)
}

/// Reads the head of a request. Returns whether there is one.
fn reads_head(stream: &mut TcpStream) -> bool {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return false;
        }
        head.extend_from_slice(&byte);
    }
    true
}

fn config(url: &str) -> Config {
    let credentials = Credentials::new(APP_ID, SECRET).expect("they are fine");
    Config::new_insecure(url, credentials).expect("it is a URL").with_retry(RetryPolicy::NEVER)
}

fn proxied(address: SocketAddr, tunnels: bool) -> Config {
    let mut proxy = url::Url::parse(&format!("http://{address}")).expect("it is a URL");
    proxy.set_username(PROXY.0).and_then(|()| proxy.set_password(Some(PROXY.1))).expect("it has a host");
    let config = config("http://backend.invalid").with_tunnel_for_plain_http(tunnels);
    config.with_proxy(proxy.as_str()).expect("it is a proxy")
}

/// Header fields with these echoes, in values and names.
fn fields(echoes: &[String]) -> String {
    let mut fields = String::new();
    let names = ["X-Echo", "Set-Cookie", "X-Request-Id", "Location", "Server", "Connection", "Via", "Content-Encoding"];
    for (at, echo) in echoes.iter().enumerate().filter(|(_, echo)| is_value(echo)) {
        write!(fields, "{}: {echo}\r\n", names[at % names.len()]).expect("it is a string");
        if echo.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+.!#$%&'*^`|~".contains(&byte)) {
            write!(fields, "{echo}: x\r\n").expect("it is a string");
        }
    }
    fields
}

fn is_value(echo: &str) -> bool {
    echo.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// Responses full of echoes, of every form.
fn responses(echoes: &[String]) -> Vec<Vec<u8>> {
    let fields = fields(echoes);
    let reason = echoes.iter().find(|echo| is_value(echo)).map_or("OK", String::as_str);
    let page = format!("<p>{}</p>", echoes.join("</p>\n<p>"));
    let json = serde_json::json!({ "code": reason, "detail": page, "uid": 7, reason: echoes }).to_string();
    let length = page.len();
    let mut chunks = String::new();
    for echo in echoes.iter().filter(|echo| is_value(echo)) {
        write!(chunks, "{:x};x=\"{echo}\"\r\n{echo}\r\n", echo.len()).expect("it is a string");
    }
    [
        format!("HTTP/1.1 200 {reason}\r\n{fields}content-length: {}\r\n\r\n{json}", json.len()),
        format!("HTTP/1.1 103 {reason}\r\n{fields}\r\nHTTP/1.1 502 {reason}\r\n{fields}\r\n{page}"),
        format!("HTTP/1.1 403 {reason}\r\n{fields}content-length: {}\r\n\r\n{json}", json.len()),
        format!("HTTP/1.1 302 {reason}\r\n{fields}transfer-encoding: chunked\r\n\r\n{chunks}0\r\nx: {reason}\r\n\r\n"),
        format!("HTTP/1.1 200 {reason}\r\n{fields}content-length: {}\r\n\r\n{page}", length + 1),
        format!("HTTP/1.1 200 {reason}\r\n{fields}transfer-encoding: chunked\r\n\r\n{chunks}"),
        format!("HTTP/1.1 200 {reason}\r\n{fields}content-length: {reason}\r\n\r\n{page}"),
        format!("HTTP/1.1 200 {reason}\r\n{fields}transfer-encoding: {reason}\r\n\r\n{page}"),
        format!("\r\nHTTP/1.1 404 {reason}\r\n{fields}content-length: {length}\r\n\r\n{page}"),
        format!("{reason}\r\n{fields}\r\n{page}"),
        format!("HTTP/1.1 200 {reason}\r\n{reason}\r\n\r\n"),
    ]
    .map(String::into_bytes)
    .into()
}

/// Checks that a request fails with an error that shows none of the echoes.
#[track_caller]
fn is_hidden<H: Harness>(config: Config, echoes: &[String]) {
    let client = H::connect(config);
    let error = H::wait(client.contacts().me()).expect_err("it is not a user");
    let texts = all_texts(&error);
    none_is_in(echoes, &texts);
}

#[track_caller]
fn none_is_in(echoes: &[String], text: &str) {
    for echo in echoes {
        is_not_in(echo, text);
    }
}

fn all_texts(error: &Error) -> String {
    let mut texts = format!("{error} {error:?} {error:#?} {:?} {:?}", error.code(), error.request_id());
    let mut source = error.source();
    while let Some(cause) = source {
        write!(texts, " {cause} {cause:?}").expect("it is a string");
        source = cause.source();
    }
    texts
}

#[executor_test]
fn credentials_repeated_by_a_server_are_in_no_error_or_log<H: Harness>() {
    let log = Logged::begin();
    let echoes = echoes(&[(APP_ID, SECRET)]);
    for echoes in echoes.chunks(AT_ONCE) {
        for response in responses(echoes) {
            let (address, thread) = server(vec![response]);
            is_hidden::<H>(config(&format!("http://{address}")), echoes);
            thread.join().expect("it serves");
        }
        let lines = log.take();
        assert_eq!(lines.contains("/v1/me HTTP/1.1"), H::NAME == Blocking::NAME, "only ureq logs requests");
        none_is_in(echoes, &lines);
    }
}

#[executor_test(adapters)]
fn logins_repeated_by_a_proxy_are_in_no_error_or_log<H: Harness>() {
    let log = Logged::begin();
    let echoes = echoes(&[(APP_ID, SECRET), PROXY]);
    for echoes in echoes.chunks(AT_ONCE) {
        let opened = format!("HTTP/1.1 200 {}\r\n{}\r\n", "Open", fields(echoes)).into_bytes();
        for response in responses(echoes) {
            for (tunnels, sent) in [
                (false, vec![response.clone()]),
                (true, vec![response.clone()]),
                (true, vec![opened.clone(), response.clone()]),
            ] {
                let (address, thread) = server(sent);
                is_hidden::<H>(proxied(address, tunnels), echoes);
                // Not joined: a client that refuses the first response sends no second request.
                drop(thread);
            }
        }
        let lines = log.take();
        none_is_in(echoes, &lines);
    }
}
