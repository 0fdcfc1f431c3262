//! Network failures: temporary ones are retried unnoticed, and others are errors that name the cause.

use std::{
    net::{TcpListener, TcpStream},
    time::Duration,
};

use teamwire_core::{
    Config, Credentials, Error, ErrorKind,
    config::{Limits, RetryPolicy, Timeouts},
    effect::TransportErrorKind,
    error::Cause,
};
use teamwire_sandbox::{Fault, RateLimit, Rule, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

const ME: &str = "GET /v1/me";

fn once(config: Config) -> Config {
    config.with_retry(RetryPolicy::NEVER)
}

/// Returns the error of a request with this fault, without a retry.
fn befallen<H: Harness>(fault: Fault, change: impl FnOnce(Config) -> Config) -> Error {
    let fixture = Fixture::<H>::configured(|config| change(once(config)));
    fixture.sandbox.faults().add(fault);
    fixture.err(fixture.client.contacts().me())
}

fn fault(error: Error) -> teamwire_core::effect::TransportError {
    match error.cause() {
        Cause::Transport(fault) => fault.clone(),
        other => panic!("{other:?}"),
    }
}

#[executor_test(protocols)]
fn temporary_failure_is_retried_unnoticed<H: Harness>() {
    for failure in [
        Fault::status(500),
        Fault::status_retry_after(503, 0),
        Fault::status_retry_after(429, 0),
        Fault::response(502, "text/html", "<h1>502 Bad Gateway</h1>"),
        Fault::CutBefore,
        Fault::CutAfter,
    ] {
        let fixture = Fixture::<H>::new();
        fixture.sandbox.faults().add(Rule::new(failure.clone()).times(3));
        fixture.ok(fixture.client.contacts().me());
        assert_eq!((fixture.sandbox.received_count(ME), fixture.sandbox.faults().remaining()), (4, 0), "{failure:?}");
    }
}

#[executor_test(protocols)]
fn cut_response_is_requested_again<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for after_bytes in [0, 1, 50] {
        fixture.sandbox.faults().add(Fault::CutBody { after_bytes });
        assert_eq!(fixture.ok(fixture.client.contacts().me()).uid, org::BOT);
    }
    let error = befallen::<H>(Fault::CutBody { after_bytes: 10 }, |config| config);
    assert!(error.is_transient() && error.outcome_unknown(), "{error:?}");
    assert_eq!(fault(error).kind, TransportErrorKind::Disconnected);
}

#[executor_test]
fn refused_login_that_is_cut_is_not_repeated<H: Harness>() {
    let cut = ["content-length: 100\r\n\r\n<html>no</", "transfer-encoding: chunked\r\n\r\n14\r\n<html>no</"];
    let malformed = "transfer-encoding: chunked\r\n\r\n<html>no</";
    for rest in cut.into_iter().chain([malformed]) {
        let fixture = Fixture::<H>::new();
        let refusal = format!("HTTP/1.1 401 Unauthorized\r\n{rest}");
        fixture.sandbox.faults().add(Rule::new(Fault::raw(refusal)).times(5));
        let error = fixture.err(fixture.client.chats().chat(org::LOBBY).post("hello"));
        assert_eq!((error.kind(), error.status()), (ErrorKind::Auth, Some(401)), "{error}");
        assert_eq!(fixture.sandbox.faults().remaining(), 4, "each further attempt would be a failed login");
    }
}

#[executor_test]
fn connection_that_is_closed_is_replaced<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.sandbox.faults().close_every_nth(2);
    for _ in 0..8 {
        fixture.ok(fixture.client.contacts().me());
    }
    fixture.sandbox.faults().clear();
    fixture.sandbox.faults().close_abruptly_every_nth(2);
    for at in 0..8 {
        fixture.ok(fixture.client.chats().chat(org::LOBBY).post(format!("post {at}")));
    }
    assert_eq!(fixture.sandbox.message_count(), 8);
}

#[executor_test(protocols)]
fn operations_succeed_again_after_an_outage<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.ok(fixture.client.chats().chat(org::LOBBY).post("before"));
    fixture.sandbox.faults().set_down(true);
    let error = fixture.err(fixture.client.chats().chat(org::LOBBY).post("during"));
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(error.is_transient());
    fixture.sandbox.faults().set_down(false);
    fixture.ok(fixture.client.chats().chat(org::LOBBY).post("after"));
    assert_eq!(fixture.sandbox.texts(org::LOBBY), [Some("before".to_owned()), Some("after".to_owned())]);
}

fn short(config: Config) -> Config {
    let time = Duration::from_millis(400);
    config.with_timeouts(Timeouts { request: time, listing: time, ..Timeouts::default() })
}

#[executor_test(protocols)]
pub(crate) fn missing_response_is_a_timeout<H: Harness>() {
    for (silence, arrived) in [(Fault::NoResponse, true), (Fault::RawThenHang(b"HTTP/1.1 200 OK\r\n".to_vec()), true)] {
        let error = befallen::<H>(silence, short);
        assert_eq!((error.is_transient(), error.outcome_unknown()), (true, arrived));
        assert_eq!(fault(error).kind, TransportErrorKind::Timeout);
    }
}

#[executor_test(protocols)]
fn slow_response_is_a_timeout<H: Harness>() {
    let body =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"uid\": \"u".to_vec();
    let error = fault(befallen::<H>(Fault::RawThenHang(body), short));
    assert_eq!((error.kind, error.sent), (TransportErrorKind::Timeout, true));
    let error = fault(befallen::<H>(Fault::Slow(Duration::from_secs(60)), short));
    assert_eq!(error.kind, TransportErrorKind::Timeout);
}

#[executor_test(protocols)]
fn response_that_is_too_large_is_refused<H: Harness>() {
    let small = |config: Config| config.with_limits(Limits { max_response_size: 1000, ..Limits::default() });
    let large = "x".repeat(1001);
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n{large}\r\n0\r\n\r\n");
    for fault in [Fault::response(200, "application/json", large), Fault::raw(chunked)] {
        let error = befallen::<H>(fault, small);
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::UnexpectedResponse, false), "{error}");
        assert!(error.to_string().contains("too large"), "{error}");
    }
    let fixture = Fixture::<H>::configured(small);
    fixture.ok(fixture.client.contacts().me());
}

#[executor_test(protocols)]
fn response_that_is_not_http_is_refused<H: Harness>() {
    for bytes in ["SSH-2.0-OpenSSH_9.7\r\n\r\n", "\0\0\0\0\r\n\r\n", "HTTP/1.1 banana\r\n\r\n"] {
        let error = befallen::<H>(Fault::raw(bytes), |config| config);
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::UnexpectedResponse, false), "{error}");
    }
}

#[executor_test(protocols)]
fn redirect_is_not_followed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for status in [301, 302, 303, 307, 308] {
        fixture.sandbox.faults().add(Fault::Response {
            status: http::StatusCode::from_u16(status).expect("it is one"),
            headers: vec![("location".into(), format!("{}/v1/users", fixture.sandbox.url()))],
            body: Vec::new(),
        });
        let error = fixture.err(fixture.client.contacts().me());
        assert_eq!((error.kind(), error.status()), (ErrorKind::UnexpectedResponse, Some(status)), "{error}");
    }
    assert_eq!(fixture.sandbox.received_count("GET /v1/users"), 0);
}

#[executor_test(protocols)]
fn proxys_page_is_shown_in_the_error<H: Harness>() {
    for (status, kind) in
        [(502, ErrorKind::Server), (404, ErrorKind::UnexpectedResponse), (200, ErrorKind::UnexpectedResponse)]
    {
        let error = befallen::<H>(Fault::response(status, "text/html", "<h1>No backend</h1>"), |config| config);
        assert_eq!((error.kind(), error.status()), (kind, Some(status)));
        assert!(error.to_string().contains("No backend"), "{error}");
    }
}

#[executor_test(protocols)]
fn retry_after_is_obeyed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.sandbox.faults().add(Fault::status_retry_after(429, 1));
    let before = std::time::Instant::now();
    fixture.ok(fixture.client.contacts().me());
    assert!(before.elapsed() >= Duration::from_secs(1), "{:?}", before.elapsed());
}

#[executor_test(protocols)]
fn too_long_a_wait_is_an_error_at_once<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.sandbox.clock().pause();
    fixture.sandbox.admin().set_rate_limit(Some(RateLimit { per_second: 0.001, burst: 1 }));
    fixture.ok(fixture.client.contacts().me());
    let error = fixture.err(fixture.client.contacts().me());
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    let wait = error.retry_after().expect("the server says how long to wait");
    assert!(wait > Duration::from_secs(60), "{wait:?}");
    let sent = fixture.sandbox.received_count(ME);
    let error = fixture.err(fixture.client.contacts().me());
    let rest = error.retry_after().expect("the rest of the pause");
    assert_eq!((error.kind(), rest <= wait + Duration::from_secs(1)), (ErrorKind::RateLimited, true), "{rest:?}");
    assert_eq!(fixture.sandbox.received_count(ME), sent, "nothing is sent before the pause is over");
    fixture.sandbox.clock().advance(wait);
    fixture.ok(fixture.client(|config| config).contacts().me());
}

#[executor_test]
fn connections_are_used_again<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for _ in 0..20 {
        fixture.ok(fixture.client.contacts().me());
    }
    // Executors use one connection for all requests, or one for each.
    assert_eq!(fixture.sandbox.connections().accepted, if H::KEEPS_CONNECTIONS { 1 } else { 20 });
}

#[executor_test]
pub(crate) fn request_without_a_server_is_known_not_to_have_arrived<H: Harness>() {
    // The port of the client's side of a connection has no server, and no other test gets it meanwhile.
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let connection = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
    let address = connection.local_addr().expect("it is connected");
    let credentials = Credentials::new("app", "a secret").expect("they are good");
    let config = Config::new(&format!("http://{address}"), credentials).expect("it is a URL");
    let client = H::connect(once(config));
    let error = H::wait(client.chats().chat(org::LOBBY).post("hello")).expect_err("no server listens");
    assert!(error.is_transient() && !error.outcome_unknown(), "nothing was sent: {error:?}");
    let fault = fault(error);
    assert_eq!((fault.kind, fault.sent), (TransportErrorKind::Connect, false));
}

#[executor_test]
fn odd_members_of_a_success_cost_themselves<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut message = teamwire_core::script::sample::message("m-odd", org::LOBBY, "hello");
    message["attachments"] = 7.into();
    message["alert_type"] = 7.into();
    let body = message.to_string().replace("\"first_name\"", "\"first_name\":NaN,\"x\"");
    fixture.sandbox.faults().add(Fault::response(201, "application/json", format!("\u{feff}{body}")));
    let posted = fixture.ok(fixture.client.chats().chat(org::LOBBY).post("hello"));
    assert_eq!((posted.mid.as_str(), posted.text.as_deref()), ("m-odd", Some("hello")));
    assert_eq!((posted.from_user.first_name.as_str(), posted.attachments.len()), ("", 0));
}

#[executor_test(protocols)]
fn the_json_of_a_gateway_is_not_the_backends_word<H: Harness>() {
    let fixture = Fixture::<H>::configured(once);
    fixture.sandbox.faults().add(Fault::response(404, "application/json", r#"{"code":"not_found"}"#));
    let error = fixture.err(fixture.client.chats().by_thread_id(org::LOBBY));
    assert_eq!((error.kind(), error.code()), (ErrorKind::UnexpectedResponse, None), "{error}");
    assert!(fixture.ok(fixture.client.chats().by_thread_id(org::LOBBY)).is_some());
}
