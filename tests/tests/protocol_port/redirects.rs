//! A login whose response is a redirect.

use std::{sync::mpsc, time::Duration};

use http::{HeaderValue, Request, header};
use teamwire_core::{
    Client, Credentials, Error, ErrorKind,
    effect::Body,
    error::Cause,
    protocol::{Attempt, Endpoint, Refusal, ResponseReader, Route, Token, Wire},
    script::{Expect, Respond, Script, sample},
};
use teamwire_test_support::{Server, config};
use teamwire_tests::{executor_test, harness::Harness, operations, spellings::is_not_in};

use crate::support::{FIRST, SECOND, without_operations};

const CHAT: &str = "/v1/chats/c1";

/// A protocol with the login of a website: a form, and a redirect that sets a cookie. Expired sessions are redirected
/// to the form.
#[derive(Debug)]
struct Website;

impl Wire for Website {
    fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>) {
        if let Some(cookie) = attempt.token("session=") {
            request.headers_mut().insert(header::COOKIE, cookie);
        }
    }

    fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal> {
        leads_to_login(response).then(|| Refusal::new(ErrorKind::Auth).login_expired())
    }

    fn login(&self, credentials: &Credentials) -> Result<Option<Endpoint<Token>>, Error> {
        let form = format!("user={}&password={}", credentials.app_id(), credentials.secret());
        let media_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let post = Endpoint::post(Route::new("login")).body(Body::from(form.into_bytes()), media_type);
        Ok(Some(post.accepts_redirects().reads(|response| {
            if leads_to_login(response) {
                return Err(response.refused(Refusal::new(ErrorKind::Auth)));
            }
            let mut cookies = response.headers().get_all(header::SET_COOKIE).iter();
            let session = cookies.find_map(|cookie| cookie.to_str().ok()?.split(';').next()?.strip_prefix("session="));
            Token::new(session.ok_or_else(|| response.violation("there is no cookie"))?)
        })))
    }
}

without_operations!(Website);

fn leads_to_login(response: &ResponseReader<'_>) -> bool {
    response.headers().get(header::LOCATION).is_some_and(|to| to.as_bytes().ends_with(b"/login"))
}

fn redirect(status: u16, to: &str) -> Respond {
    Respond::status(status).header("location", to)
}

fn session(status: u16, token: &str) -> Respond {
    let page = format!("<a href=/?session={token}>");
    redirect(status, "/").header("set-cookie", format!("session={token}; HttpOnly")).body("text/html", page)
}

fn expect_login() -> Expect {
    Expect::post("/login")
}

fn expect_chat(token: &str) -> Expect {
    Expect::get(CHAT).header("cookie", format!("session={token}"))
}

fn script() -> Script {
    Script::with_config(operations::config().with_protocol(Website))
}

fn fetch(script: &Script) -> Result<(), Error> {
    Client::new(script.clone()).chats().by_thread_id("c1").map(drop)
}

#[test]
fn login_reads_its_redirect() {
    for status in [301, 302, 303, 307, 308] {
        let script = script()
            .then(expect_login(), session(status, FIRST))
            .then(expect_chat(FIRST), Respond::json(200, sample::chat("c1", "Depot")));
        fetch(&script).expect("it has logged in");
        script.assert_done();
    }
}

#[test]
fn other_statuses_are_no_redirects() {
    for status in [300, 304, 305, 306] {
        let script = script().then(expect_login(), session(status, FIRST));
        let error = fetch(&script).expect_err("it is not the response to a login");
        assert_eq!((error.kind(), error.status()), (ErrorKind::UnexpectedResponse, Some(status)), "{error:?}");
        is_not_in(FIRST, &format!("{error:?} {error} {:?}", std::error::Error::source(&error)));
        script.assert_done();
    }
}

/// An account may be locked after several wrong passwords.
#[test]
fn pause_after_a_refusal_without_a_code_doubles() {
    let script = script().then(expect_login(), redirect(302, "/login").times(3));
    let client = Client::new(script.clone());
    for pause in [10, 20] {
        client.chats().by_thread_id("c1").expect_err("the password is wrong");
        let logins = script.requests().len();
        client.sleep(Duration::from_secs(pause - 1)).expect("it is not stopped");
        client.chats().by_thread_id("c1").expect_err("the password was wrong");
        assert_eq!(script.requests().len(), logins, "after {pause} s");
        client.sleep(Duration::from_secs(1)).expect("it is not stopped");
    }
    client.chats().by_thread_id("c1").expect_err("the password is wrong");
    assert_eq!(script.requests().len(), 3);
}

#[test]
fn redirect_can_be_a_refusal() {
    let script = script().then(expect_login(), redirect(302, "/login"));
    let error = fetch(&script).expect_err("the password is wrong");
    assert!(matches!(error.cause(), Cause::Login { .. }), "{error:?}");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Auth, Some(302)));
    script.assert_done();
}

#[test]
fn redirect_of_an_expired_session_leads_to_a_login() {
    let script = script()
        .then(expect_login(), session(302, FIRST))
        .then(expect_chat(FIRST), redirect(302, "https://chat.example/login"))
        .then(expect_login(), session(303, SECOND))
        .then(expect_chat(SECOND), Respond::json(200, sample::chat("c1", "Depot")));
    fetch(&script).expect("it has logged in again");
    script.assert_done();
}

#[test]
fn redirect_shows_no_session() {
    let without_cookie = redirect(302, &format!("/?session={FIRST}")).body("text/html", format!("<p>{FIRST}"));
    let script = script().then(expect_login(), without_cookie);
    let error = fetch(&script).expect_err("there is no cookie");
    is_not_in(FIRST, &format!("{error:?} {error} {:?}", std::error::Error::source(&error)));
    script.assert_done();
}

#[executor_test(transports)]
fn no_transport_follows_the_redirect<H: Harness>() {
    let (sender, lines) = mpsc::channel();
    let server = Server::script(move |listener| {
        let mut peer = listener.accept();
        loop {
            let Some(request) = peer.try_request() else {
                peer = listener.accept();
                continue;
            };
            let line = request.line().to_owned();
            let is_last = line.starts_with("GET");
            if is_last {
                assert_eq!(request.header("cookie"), Some(format!("session={FIRST}").as_str()));
                peer.respond(200, &sample::chat("c1", "Depot").to_string());
            } else {
                assert_eq!(request.text(), "user=app-id&password=the secret");
                peer.send(format!(
                    "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\nset-cookie: theme=dark\r\n\
                     set-cookie: session={FIRST}; HttpOnly\r\ncontent-length: 4\r\n\r\ngone"
                ));
            }
            sender.send(line).expect("the test receives it");
            if is_last {
                return;
            }
        }
    });
    let client = H::connect(config(&server.url()).with_protocol(Website));
    H::wait(client.chats().by_thread_id("c1")).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(lines.iter().collect::<Vec<_>>(), ["POST /login HTTP/1.1", "GET /v1/chats/c1 HTTP/1.1"]);
}
