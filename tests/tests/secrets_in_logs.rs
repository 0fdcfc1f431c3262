//! No log record of any crate, at any level, and no `Debug` output contains credentials. This is a separate suite,
//! because the logger is global to the process.

use std::{
    collections::HashMap,
    sync::{Mutex, Once, PoisonError},
    thread::{self, ThreadId},
};

use log::{Level, LevelFilter, Log, Metadata, Record};
use teamwire_core::{Config, Credentials, effect::Body, machine::Reply};
use teamwire_protocols::Second;
use teamwire_test_support::{Server, attempt, config, refusing_address};
use teamwire_tests::{executor_test, harness::Harness};

/// All forms of the key `app-id:the secret` and of the login `user:p@ss`.
const SECRETS: [&str; 5] = ["the secret", "YXBwLWlkOn", "p@ss", "p%40ss", "dXNlcjpwQHNz"];

/// Keeps the lines of each thread.
struct Keep(Mutex<Option<HashMap<ThreadId, String>>>);

static LINES: Keep = Keep(Mutex::new(None));

impl Keep {
    /// Appends text, without keeping a lock while it is formatted.
    fn add(&self, text: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get_or_insert_default().entry(thread::current().id()).or_default().push_str(text);
    }

    /// The log records of all threads.
    fn all(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().flat_map(HashMap::values).cloned().collect()
    }
}

impl Log for Keep {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        // `ureq_proto` logs bytes in rows of sixteen, which end with the bytes as text, with dots for spaces. These
        // texts are joined.
        let is_row = record.target().starts_with("ureq_proto") && record.level() == Level::Trace;
        match line.rsplit(' ').next().filter(|_| is_row && line.len() == 57) {
            Some(text) => self.add(text),
            None => self.add(&format!("\n{line}")),
        }
    }

    fn flush(&self) {}
}

fn begin_to_log() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        log::set_logger(&LINES).expect("it is the only logger");
        log::set_max_level(LevelFilter::Trace);
    });
}

#[executor_test(adapters)]
fn log_has_no_credentials_at_any_level<H: Harness>() {
    begin_to_log();
    for tunnels in [true, false] {
        let proxy = Server::script(move |listener| {
            let mut peer = listener.accept();
            if tunnels {
                peer.request();
                peer.send("HTTP/1.1 200 OK\r\n\r\n");
            }
            assert_eq!(peer.serve(200, "{}").headers("authorization"), ["Basic YXBwLWlkOnRoZSBzZWNyZXQ="]);
        });
        // Each executor has another host, which identifies its records.
        let url = format!("http://{}.backend.invalid", H::NAME);
        let options = config(&url).with_tunnel_for_plain_http(tunnels);
        let options = options.with_proxy(&format!("http://user:p%40ss@{}", proxy.address)).expect("it is a URL");
        let client = H::connect(options);
        let reply = H::wait(attempt(&client, |exchange| {
            *exchange.request.method_mut() = http::Method::POST;
            *exchange.request.body_mut() = Body::from(b"the message".to_vec());
        }));
        assert!(matches!(reply, Ok(Reply::Response(_))), "{reply:?}");
        log::error!("{client:?}");

        let log = LINES.all();
        assert!(log.contains("HTTP/1.1.200"), "rows are not put together: {log}");
        let logs_requests = log.contains(&format!("host:.{}.backend.invalid", H::NAME));
        assert_eq!(logs_requests, H::NAME == "blocking", "only ureq gets the request: {log}");
        for secret in SECRETS.into_iter().chain(["the.message"]) {
            assert!(!log.contains(secret), "{secret} in {log}");
        }
    }
}

/// The password and the session of the example protocol, with the dots of rows.
const SESSION: &str = "f3a9c17e5b0d4286";
const SECRETS_OF_LOGIN: [&str; 3] = ["a long password", "a.long.password", SESSION];

#[executor_test(adapters)]
fn log_has_neither_the_body_of_a_login_nor_its_session<H: Harness>() {
    begin_to_log();
    let server = Server::script(|listener| {
        let mut peer = listener.accept();
        let login = peer.request();
        assert!(login.line().starts_with("POST /api/login/ ") && login.text().contains("a long password"));
        let cookie = format!("set-cookie: session={SESSION}; Path=/; HttpOnly");
        peer.send(format!("HTTP/1.1 200 OK\r\n{cookie}\r\ncontent-length: 12\r\n\r\n{{\"data\": {{}}}}"));
        let request = peer.request();
        assert_eq!(request.header("cookie"), Some(format!("session={SESSION}").as_str()));
        // It echoes the session, and says that it has expired.
        let error = format!(r#"{{"error": {{"id": "sessionExpired", "text": "{SESSION}"}}}}"#);
        let length = error.len();
        peer.send(format!("HTTP/1.1 401 Unauthorized\r\ncontent-length: {length}\r\n\r\n{error}"));
        peer.request();
        let refused = r#"{"error": {"id": "wrongPassword", "text": "a long password is wrong"}}"#;
        let length = refused.len();
        peer.send(format!("HTTP/1.1 401 Unauthorized\r\ncontent-length: {length}\r\n\r\n{refused}"));
    });
    let credentials = Credentials::new("depot-bot", "a long password").expect("they are valid");
    let config = Config::new(&server.url(), credentials).expect("it is a URL").with_protocol(Second::default());
    let client = H::connect(config);
    let error = H::wait(client.contacts().me()).expect_err("the password is wrong");
    let shown = format!("{client:?} {:?} {error} {error:?} {error:#?}", client.executor());
    assert!(shown.contains("wrongPassword"), "{shown}");
    log::error!("{shown}");
    let log = LINES.all();
    let logs_requests = log.contains(&format!("host:.127.0.0.1:{}", server.address.port()));
    assert_eq!(logs_requests, H::NAME == "blocking", "only ureq gets the requests: {log}");
    for secret in SECRETS_OF_LOGIN {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[executor_test(adapters)]
fn debug_output_has_no_credentials<H: Harness>() {
    let (address, _kept) = refusing_address();
    let options = config("http://backend.invalid").with_proxy(&format!("http://user:p%40ss@{address}"));
    let client = H::connect(options.expect("it is a URL"));
    let Ok(Reply::Error(fault)) = H::wait(attempt(&client, |_| {})) else { panic!("the proxy cannot be reached") };
    let debug = format!("{client:?} {:?} {fault:?} {fault}", client.executor());
    assert!(debug.contains("backend.invalid"), "{debug}");
    for secret in SECRETS {
        assert!(!debug.contains(secret), "{secret} in {debug}");
    }
}
