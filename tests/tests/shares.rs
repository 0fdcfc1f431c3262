//! Where the bot shares its location, as far as a session knows: asked without a request.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use teamwire_core::{
    Client, Config, Coordinates, Credentials, Draft, Executor, Feed, Flow, LiveLocation, Moment, Now, Reply, Session,
    ShareDuration, SharedLocations, Step, script::sample,
};

/// An executor whose answers are at hand, and whose clock is set by the test.
#[derive(Clone)]
struct Desk {
    session: Session,
    now: Arc<Mutex<Now>>,
    answer: Arc<Mutex<(u16, String)>>,
    requests: Arc<Mutex<usize>>,
}

impl Executor for Desk {
    type Run<'a, T: Send + 'a> = Result<T, teamwire_core::Error>;
    type Events<F: Feed + 'static> = F;

    fn session(&self) -> &Session {
        &self.session
    }

    fn now(&self) -> Now {
        *self.now.lock().expect("no test panics with it")
    }

    fn run<'a, F: Flow + 'a>(&'a self, mut flow: F) -> Result<F::Output, teamwire_core::Error>
    where
        F::Output: 'a,
    {
        loop {
            match flow.poll(self.now()) {
                Step::Send(ticket, _) => {
                    *self.requests.lock().expect("no test panics with it") += 1;
                    let (status, body) = self.answer.lock().expect("no test panics with it").clone();
                    let response = http::Response::builder().status(status).body(body.into_bytes());
                    flow.handle(self.now(), ticket, Reply::Response(response.expect("it is an answer")));
                }
                Step::Done(result) => return result,
                _ => panic!("it is answered at once"),
            }
        }
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> F {
        feed
    }
}

struct Bot {
    client: Client<Desk>,
    desk: Desk,
}

impl Bot {
    fn started_at(utc: DateTime<Utc>) -> Self {
        let credentials = Credentials::new("app", "secret").expect("they are good");
        let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
        let desk = Desk {
            session: Session::new(config, [1; 32]),
            now: Arc::new(Mutex::new(Now::new(Moment::EPOCH, utc))),
            answer: Arc::default(),
            requests: Arc::default(),
        };
        Self { client: Client::new(desk.clone()), desk }
    }

    fn new() -> Self {
        Self::started_at(DateTime::UNIX_EPOCH)
    }

    fn answers(&self, status: u16, body: impl ToString) {
        *self.desk.answer.lock().expect("no test panics with it") = (status, body.to_string());
    }

    fn passes(&self, time: Duration) {
        let mut now = self.desk.now.lock().expect("no test panics with it");
        *now = Now::new(now.moment.plus(time), now.utc + time);
    }

    fn sets_the_clock(&self, by: TimeDelta) {
        self.desk.now.lock().expect("no test panics with it").utc += by;
    }

    fn shares(&self, tid: &str) {
        let place = Coordinates::new(1.0, 2.0).expect("it is a place");
        self.answers(201, sample::message("m1", tid, "here"));
        let live = LiveLocation::new(place, ShareDuration::QuarterHour);
        self.client.chats().chat(tid).post(Draft::text("here").attach(live)).expect("it is posted");
    }

    fn active(&self) -> Vec<String> {
        let before = *self.desk.requests.lock().expect("no test panics with it");
        let chats = self.client.chats();
        let active: Vec<_> = chats.location_sharing_active_chats().iter().map(|chat| chat.tid().to_string()).collect();
        assert_eq!(chats.has_location_sharing_active_chats(), !active.is_empty());
        assert_eq!(*self.desk.requests.lock().expect("no test panics with it"), before, "no request is sent");
        active
    }
}

const QUARTER: Duration = Duration::from_secs(15 * 60);

#[test]
fn a_share_is_active_until_its_time_is_over() {
    let bot = Bot::new();
    assert!(bot.active().is_empty());
    bot.shares("c1");
    assert_eq!(bot.active(), ["c1"]);
    bot.passes(QUARTER.saturating_sub(Duration::from_millis(1)));
    assert_eq!(bot.active(), ["c1"]);
    bot.passes(Duration::from_millis(1));
    assert!(bot.active().is_empty());
}

#[test]
fn a_clock_of_the_day_that_is_set_ends_no_share() {
    let bot = Bot::new();
    bot.shares("c1");
    bot.sets_the_clock(TimeDelta::days(365));
    assert_eq!(bot.active(), ["c1"]);
}

#[test]
fn a_share_that_was_stopped_is_not_active() {
    let bot = Bot::new();
    bot.shares("c1");
    bot.shares("c2");
    bot.answers(403, r#"{"code":"auth"}"#);
    assert!(bot.client.chats().chat("c1").stop_sharing_location().is_err());
    assert_eq!(bot.active(), ["c1", "c2"], "a refusal stops nothing");
    bot.answers(204, "");
    bot.client.chats().chat("c1").stop_sharing_location().expect("it is stopped");
    assert_eq!(bot.active(), ["c2"]);
}

#[test]
fn the_server_has_the_last_word_when_the_shares_are_moved() {
    let bot = Bot::new();
    bot.shares("c1");
    bot.shares("c2");
    bot.answers(200, r#"{"active":["c2","c3"]}"#);
    let place = Coordinates::new(3.0, 4.0).expect("it is a place");
    bot.client.chats().update_shared_location(place).expect("they are moved");
    assert_eq!(bot.active(), ["c2"], "what this session did not begin is not its own");
}

#[test]
fn shares_that_were_saved_are_active_in_the_next_process_as_long_as_they_last() {
    let bot = Bot::new();
    bot.shares("c1");
    bot.passes(Duration::from_secs(60));
    bot.shares("c2");
    let json = serde_json::to_string(&bot.client.chats().save_shared_locations()).expect("it can be written");
    assert!(!json.contains("secret"), "{json}");
    let saved: SharedLocations = serde_json::from_str(&json).expect("it can be read");

    let next = Bot::started_at(DateTime::UNIX_EPOCH + Duration::from_secs(14 * 60));
    next.client.chats().restore_shared_locations(saved.clone());
    assert_eq!(next.active(), ["c1", "c2"]);
    next.passes(Duration::from_secs(60));
    assert_eq!(next.active(), ["c2"]);
    next.passes(Duration::from_secs(60));
    assert!(next.active().is_empty());

    let late = Bot::started_at(DateTime::UNIX_EPOCH + Duration::from_secs(3600));
    late.client.chats().restore_shared_locations(saved);
    assert!(late.active().is_empty());
}
