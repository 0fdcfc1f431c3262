//! Long polls and the pauses between them, on a virtual clock.

use std::time::Duration;

use chrono::DateTime;
use serde_json::{Value, json};
use teamwire_core::{
    Checkpoint, Client, Config, Credentials, Error, ErrorKind, FeedEvent, FeedOptions, Message,
    effect::{Exchange, Moment, Now, TransportError, TransportErrorKind},
    executor::Manual,
    feed::Poller,
    machine::{Feed, Reply, Step},
    script::sample,
};

const SECOND: Duration = Duration::from_secs(1);

fn client() -> Client<Manual> {
    let credentials = Credentials::new("the-app-id", "a secret").expect("they are good");
    let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
    Client::new(Manual::new(config, [7; 32], Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH)))
}

fn checkpoint(feed: &str) -> Checkpoint {
    let json = json!({ "version": 1, "feed": feed, "chat": "c1", "cursor": "here" });
    serde_json::from_value(json).expect("it is a checkpoint")
}

fn messages(wait: u64) -> Poller<Message> {
    let follow = FeedOptions::after(checkpoint("messages")).long_poll(Duration::from_secs(wait));
    client().chats().chat("c1").new_messages(follow)
}

fn response(status: u16, body: &Value) -> Reply {
    let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
    let response = http::Response::builder().status(status).header("content-type", media_type);
    Reply::Response(response.body(body.to_string().into_bytes()).expect("it is a response"))
}

fn page(status: u16) -> Reply {
    let mut response = http::Response::new(b"<html>Gateway".to_vec());
    *response.status_mut() = http::StatusCode::from_u16(status).expect("it is a status");
    Reply::Response(response)
}

fn batch(items: &[Value], cursor: &str) -> Reply {
    response(200, &json!({ "items": items, "cursor": cursor }))
}

fn lost() -> Reply {
    Reply::Error(TransportError::new(TransportErrorKind::Disconnected, "cut").with_sent(true))
}

fn lost_again() -> Reply {
    Reply::Error(TransportError::new(TransportErrorKind::Disconnected, "cut").with_sent(true).with_reused(true))
}

/// Returns a parameter of a request's query.
fn parameter(exchange: &Exchange, name: &str) -> Option<String> {
    let query = exchange.request.uri().query().unwrap_or_default();
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(ToOwned::to_owned)
}

fn wait_of(exchange: &Exchange) -> Duration {
    let wait = parameter(exchange, "wait").and_then(|wait| wait.parse().ok());
    Duration::from_secs(wait.expect("a poll has a wait"))
}

/// Everything that a feed did in a period of time.
#[derive(Debug, Default)]
struct Timeline {
    /// The time and the requested wait of each poll.
    polls: Vec<(Duration, Duration)>,
    /// Each failure, and the pause after it.
    failures: Vec<(Error, Duration)>,
    /// Number of other events.
    delivered: usize,
    /// Total time without a pending request.
    deaf: Duration,
    end: Option<Error>,
}

/// Follows a feed for this time. `network` returns the duration and the reply of each poll. Each poll takes one
/// millisecond more than that, as on a real network.
fn follow<F>(mut feed: F, time: Duration, mut network: impl FnMut(&Exchange) -> (Duration, Reply)) -> Timeline
where
    F: Feed<Event = FeedEvent<Message>>,
{
    let (mut timeline, end) = (Timeline::default(), Moment::EPOCH.saturating_add(time));
    let mut now = Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH);
    while now.moment < end {
        match feed.poll(now) {
            Step::Send(ticket, exchange) => {
                let wait = parameter(&exchange, "wait").map_or(Duration::ZERO, |_| wait_of(&exchange));
                timeline.polls.push((now.moment.since_epoch(), wait));
                let (lasts, reply) = network(&exchange);
                now.moment = now.moment.saturating_add(lasts + Duration::from_millis(1));
                feed.handle(now, ticket, reply);
            }
            Step::Sleep(until) => {
                assert!(until > now.moment, "it sleeps until now");
                timeline.deaf += until.min(end).saturating_duration_since(now.moment);
                now.moment = until;
            }
            Step::Event(FeedEvent::Retrying(retrying)) => {
                timeline.failures.push((retrying.error, retrying.retry_at.saturating_duration_since(now.moment)));
            }
            Step::Event(_) => timeline.delivered += 1,
            Step::Done(Err(error)) => {
                timeline.end = Some(error);
                break;
            }
            other => {
                panic!("a feed never returns {}", if let Step::File(..) = other { "a file" } else { "an end" })
            }
        }
    }
    timeline
}

/// A load balancer that ends each exchange with `cut` after `limit`.
fn balancer(limit: Duration, cut: impl Fn() -> Reply) -> impl FnMut(&Exchange) -> (Duration, Reply) {
    move |exchange| match wait_of(exchange) {
        wait if wait < limit => (wait, batch(&[], "here")),
        _ => (limit, cut()),
    }
}

const TEN_MINUTES: Duration = Duration::from_secs(600);

#[test]
fn balancer_that_cuts_polls_does_not_make_a_feed_deaf() {
    let cuts: [fn() -> Reply; 6] = [|| page(502), || page(503), || page(504), || page(408), lost, lost_again];
    for cut in cuts {
        for limit in [2, 3, 6, 10, 24, 25] {
            let timeline = follow(messages(30), TEN_MINUTES, balancer(Duration::from_secs(limit), cut));
            assert!(timeline.deaf < TEN_MINUTES / 20, "deaf for {:?} with a limit of {limit} s", timeline.deaf);
            assert!((2..=4).contains(&timeline.failures.len()), "{limit} s: {}", timeline.failures.len());
            let last = timeline.polls.last().expect("it polls").1;
            assert!(last < Duration::from_secs(limit), "it asks for {last:?} though {limit} s are cut");
            assert!(
                last >= Duration::from_secs(limit - 1).min(Duration::from_secs(limit) / 2),
                "it did not grow back: {last:?}"
            );
        }
    }
}

#[test]
fn shorter_poll_is_kept_and_longer_ones_are_tried_seldom() {
    let day = Duration::from_secs(24 * 60 * 60);
    let timeline = follow(messages(25), day, balancer(6 * SECOND, || page(504)));
    assert!((2..=2 * 25).contains(&timeline.failures.len()), "{} failures a day", timeline.failures.len());
    assert!(timeline.polls.iter().skip(2).all(|(_, wait)| *wait <= 6 * SECOND), "it flaps");
    assert!(timeline.deaf < day / 1000, "deaf for {:?} a day", timeline.deaf);
}

#[test]
fn wait_grows_back_after_the_limit_is_gone() {
    let mut cuts = 0;
    let timeline = follow(messages(25), Duration::from_secs(4 * 60 * 60), |exchange| {
        cuts += 1;
        if cuts <= 2 { (6 * SECOND, page(504)) } else { (wait_of(exchange), batch(&[], "here")) }
    });
    assert_eq!(timeline.failures.len(), 2);
    assert_eq!(timeline.polls[2].1, 4 * SECOND);
    assert_eq!(timeline.polls.last().expect("it polls").1, 25 * SECOND);
    assert!(timeline.polls.windows(2).skip(2).all(|pair| pair[1].1 <= pair[0].1 + SECOND), "it grows by leaps");
}

#[test]
fn single_cut_is_reported_and_shortens_nothing() {
    let mut polls = 0;
    let timeline = follow(messages(25), TEN_MINUTES, |exchange| {
        polls += 1;
        if polls % 3 == 0 { (6 * SECOND, page(504)) } else { (wait_of(exchange), batch(&[], "here")) }
    });
    assert!(timeline.failures.len() > 5);
    assert!(timeline.failures.iter().all(|(cause, pause)| cause.status() == Some(504) && *pause < SECOND));
    assert!(timeline.polls.iter().all(|(_, wait)| *wait == 25 * SECOND));
}

#[test]
fn server_that_fails_at_once_is_an_outage() {
    let problem = || response(503, &json!({ "code": "server", "status": 503, "title": "down" }));
    let early = Duration::from_millis(900);
    let cases: [(Duration, fn() -> Reply); 4] =
        [(Duration::ZERO, || page(504)), (early, || page(504)), (Duration::ZERO, lost), (early, lost)];
    let ours: [(Duration, fn() -> Reply); 1] = [(6 * SECOND, problem)];
    for (lasts, reply) in cases.into_iter().chain(ours) {
        let timeline = follow(messages(25), TEN_MINUTES, |_| (lasts, reply()));
        assert!(timeline.polls.len() < 100, "{} polls in ten minutes", timeline.polls.len());
        assert!(timeline.failures.iter().skip(8).all(|(_, pause)| *pause >= 8 * SECOND), "{:?}", timeline.failures);
        assert!(timeline.polls.iter().all(|(_, wait)| *wait == 25 * SECOND), "it asks for less");
    }
}

#[test]
fn time_to_wait_that_a_gateway_asks_for_is_obeyed() {
    let timeline = follow(messages(25), TEN_MINUTES, |_| {
        let Reply::Response(mut busy) = page(503) else { unreachable!("a page is a response") };
        busy.headers_mut().insert("retry-after", http::HeaderValue::from_static("20"));
        (6 * SECOND, Reply::Response(busy))
    });
    assert!(timeline.failures.iter().all(|(_, pause)| *pause >= 20 * SECOND), "{:?}", timeline.failures);
}

#[test]
fn even_the_shortest_wait_that_is_cut_makes_no_tight_loop() {
    for limit in [1.0, 1.2, 1.9] {
        let timeline = follow(messages(25), TEN_MINUTES, |_| (Duration::from_secs_f64(limit), lost()));
        assert!(timeline.polls.len() < 100, "{} polls in ten minutes", timeline.polls.len());
    }
}

fn deleted(number: usize) -> Value {
    let mut message = sample::message(&format!("m{number}"), "c1", "gone");
    message["deleted"] = true.into();
    json!({ "cursor": format!("after {number}"), "kind": "message", "data": message })
}

#[test]
fn feed_of_hidden_events_polls_a_few_times_a_second() {
    for events in [1, 100] {
        let mut sent = 0;
        let timeline = follow(messages(25), Duration::from_secs(60), |_| {
            let items: Vec<_> = (0..events).map(|at| deleted(sent + at)).collect();
            sent += events;
            (Duration::ZERO, batch(&items, &format!("after {sent}")))
        });
        assert_eq!(timeline.delivered, 0, "they are hidden");
        assert!((50..5 * 60).contains(&timeline.polls.len()), "{} polls in a minute", timeline.polls.len());
    }
}

#[test]
fn events_behind_a_hidden_backlog_are_delivered_soon() {
    let (mut sent, backlog) = (0, 2_000);
    let timeline = follow(messages(25), Duration::from_secs(10), |exchange| {
        if sent >= backlog {
            let mut message = deleted(sent);
            message["data"]["deleted"] = false.into();
            sent += 1;
            return (wait_of(exchange), batch(&[message], &format!("after {sent}")));
        }
        let items: Vec<_> = (0..100).map(|at| deleted(sent + at)).collect();
        sent += 100;
        (Duration::ZERO, batch(&items, &format!("after {sent}")))
    });
    assert!(sent > backlog, "only {sent} events were passed within ten seconds");
    assert_eq!(timeline.failures.len(), 0);
}

#[test]
fn no_server_makes_an_idle_feed_poll_without_a_pause() {
    // The batch is empty, has only hidden messages, or has a cursor that the server does not know.
    type Server = fn(usize, &Exchange) -> Reply;
    let servers: [(&str, Server); 5] = [
        ("nothing", |_, _| batch(&[], "here")),
        ("nothing, and the cursor moves", |number, _| batch(&[], &format!("at {number}"))),
        ("one hidden, one not there", |number, _| match number % 2 {
            0 => batch(&[deleted(number)], &format!("at {number}")),
            _ => batch(&[], &format!("at {number}")),
        }),
        ("forgets each cursor", |_, exchange| match parameter(exchange, "cursor") {
            Some(_) => response(410, &json!({ "code": "cursor_expired", "status": 410, "title": "gone" })),
            None => batch(&[], "here"),
        }),
        ("forgets each cursor after one hidden event", |number, exchange| match parameter(exchange, "cursor") {
            Some(_) if number % 3 == 0 => {
                response(410, &json!({ "code": "cursor_expired", "status": 410, "title": "" }))
            }
            Some(_) => batch(&[deleted(number)], &format!("at {number}")),
            None => batch(&[], "here"),
        }),
    ];
    for (what, server) in servers {
        let mut number = 0;
        let timeline = follow(messages(25), Duration::from_secs(60), |exchange| {
            number += 1;
            (Duration::ZERO, server(number, exchange))
        });
        assert!((7..5 * 60).contains(&timeline.polls.len()), "{what}: {} polls in a minute", timeline.polls.len());
    }
}

#[test]
fn certificate_that_is_not_trusted_is_waited_out() {
    let mut polls = 0;
    let timeline = follow(messages(25), TEN_MINUTES, |exchange| {
        polls += 1;
        let fault = TransportError::new(TransportErrorKind::Tls, "the certificate has expired");
        if polls <= 5 { (Duration::ZERO, Reply::Error(fault)) } else { (wait_of(exchange), batch(&[], "here")) }
    });
    assert_eq!((timeline.failures.len(), timeline.end.map(|error| error.to_string())), (5, None));
    assert!(
        timeline.failures.iter().all(|(cause, _)| cause.to_string().contains("expired")),
        "{:?}",
        timeline.failures
    );
}

#[test]
fn refusal_of_the_proxy_ends_a_feed_at_once() {
    let refusals: [fn() -> Reply; 3] = [
        || Reply::Error(TransportError::new(TransportErrorKind::Proxy, "status 407")),
        || Reply::Error(TransportError::new(TransportErrorKind::ClientCertificate, "certificate required")),
        || page(407),
    ];
    for refusal in refusals {
        let timeline = follow(messages(25), TEN_MINUTES, |_| (Duration::ZERO, refusal()));
        assert_eq!((timeline.polls.len(), timeline.failures.len()), (1, 0), "one login");
        let error = timeline.end.expect("it ends");
        assert!(error.kind() == ErrorKind::Connection && !error.is_transient(), "{error:?}");
    }
}

#[test]
fn feed_takes_a_fresh_connection_after_a_reused_one_failed() {
    for kind in [TransportErrorKind::Disconnected, TransportErrorKind::Timeout] {
        let mut needs_new_connection = Vec::new();
        follow(messages(25), TEN_MINUTES, |exchange| {
            needs_new_connection.push(exchange.requires_new_connection);
            match needs_new_connection.len() {
                2 => (
                    SECOND,
                    Reply::Error(
                        TransportError::new(kind, "forgotten").with_sent(true).with_reused(true).with_received(1),
                    ),
                ),
                _ => (wait_of(exchange), batch(&[], "here")),
            }
        });
        assert_eq!(needs_new_connection[..4], [false, false, true, false], "{kind:?}");
    }
}
