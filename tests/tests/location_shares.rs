//! The location shares that a session knows of, queried without a request.

use std::{cell::Cell, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use teamwire_core::{
    Client, Config, Credentials, Draft, Error, LocationShares, NewChat, Script,
    config::RetryPolicy,
    effect::{Moment, Now},
    executor::Manual,
    flow::Flow,
    machine::{Machine, Reply, Step},
    model::{Coordinates, LiveLocation, NewOneToOne, ShareDuration},
    script::{Expect, Respond, sample},
};

/// A client whose machines and clock are driven by the test.
struct Bot {
    client: Client<Manual>,
    now: Cell<Now>,
}

impl Bot {
    fn started_at(utc: DateTime<Utc>) -> Self {
        let credentials = Credentials::new("app", "secret").expect("they are valid");
        let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
        let now = Now::new(Moment::EPOCH, utc);
        Self { client: Client::new(Manual::new(config, [1; 32], now)), now: Cell::new(now) }
    }

    fn new() -> Self {
        Self::started_at(DateTime::UNIX_EPOCH)
    }

    fn set_now(&self, now: Now) {
        self.now.set(now);
        self.client.executor().set_now(now);
    }

    /// Advances both clocks by this time.
    fn advance(&self, time: Duration) {
        let now = self.now.get();
        self.set_now(Now::new(now.moment.saturating_add(time), now.utc + time));
    }

    /// Sets the wall clock, but not the monotonic one.
    fn adjust_wall_clock(&self, by: TimeDelta) {
        let now = self.now.get();
        self.set_now(Now::new(now.moment, now.utc + by));
    }

    /// Runs an operation whose only request gets this response.
    fn run<T: Send>(
        &self,
        mut flow: Box<dyn Flow<Output = T> + '_>,
        status: u16,
        body: impl ToString,
    ) -> Result<T, Error> {
        let Step::Send(ticket, _) = flow.poll(self.now.get()) else { panic!("it begins with a request") };
        let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
        let response = http::Response::builder().status(status).header("content-type", media_type);
        let response = response.body(body.to_string().into_bytes());
        flow.handle(self.now.get(), ticket, Reply::Response(response.expect("it is a response")));
        let Step::Done(result) = flow.poll(self.now.get()) else { panic!("it ends with the response") };
        result
    }

    /// Starts to share a location in this chat.
    fn share(&self, tid: &str) {
        let chat = self.client.chats().chat(tid);
        let post = chat.post(live(ShareDuration::QuarterHour));
        self.run(post, 201, sample::message("m1", tid, "here")).expect("it is posted");
    }

    fn active(&self) -> Vec<String> {
        let chats = self.client.chats();
        let active: Vec<_> = chats.location_sharing_active_chats().iter().map(|chat| chat.tid().to_string()).collect();
        assert_eq!(chats.has_location_sharing_active_chats(), !active.is_empty());
        active
    }
}

const QUARTER: Duration = Duration::from_secs(15 * 60);

#[test]
fn share_is_active_until_its_time_is_over() {
    let bot = Bot::new();
    assert!(bot.active().is_empty());
    bot.share("c1");
    assert_eq!(bot.active(), ["c1"]);
    bot.advance(QUARTER.saturating_sub(Duration::from_millis(1)));
    assert_eq!(bot.active(), ["c1"]);
    bot.advance(Duration::from_millis(1));
    assert!(bot.active().is_empty());
}

#[test]
fn share_has_ended_as_soon_as_either_clock_says_so() {
    let nine_hours = TimeDelta::hours(9);
    // The machine was suspended, or its clock was set forward.
    let bot = Bot::new();
    bot.share("c1");
    bot.adjust_wall_clock(nine_hours);
    assert!(bot.active().is_empty());
    bot.adjust_wall_clock(-nine_hours);
    assert!(bot.active().is_empty(), "it has ended for good, unless the server says otherwise");
    let refreshed = bot.client.chats().refresh_location_shares();
    bot.run(refreshed, 200, shares("c1", QUARTER)).expect("the shares are listed");
    assert_eq!(bot.active(), ["c1"]);

    // The wall clock was set back.
    let bot = Bot::started_at(DateTime::UNIX_EPOCH + nine_hours);
    bot.share("c1");
    bot.adjust_wall_clock(-nine_hours);
    assert_eq!(bot.active(), ["c1"]);
    bot.advance(QUARTER);
    assert!(bot.active().is_empty());

    // An expired share is not restored from a file either.
    let bot = Bot::new();
    bot.share("c1");
    bot.adjust_wall_clock(TimeDelta::minutes(10));
    let saved = bot.client.chats().export_location_shares();
    let next = Bot::started_at(DateTime::UNIX_EPOCH + Duration::from_secs(10 * 60));
    next.client.chats().import_location_shares(saved);
    assert_eq!(next.active(), ["c1"]);
    next.advance(Duration::from_secs(5 * 60));
    assert!(next.active().is_empty(), "five minutes were left");
}

/// Returns the list of the bot's shares: one that lasts for this time.
fn shares(tid: &str, left: Duration) -> String {
    let left = left.as_millis();
    format!(
        r#"{{"items":[{{"tid":"{tid}","lat":1.0,"lon":2.0,"ends_at":"2030-01-01T00:00:00.000Z","remaining_ms":{left}}}]}}"#
    )
}

#[test]
fn stopped_share_is_not_active() {
    let bot = Bot::new();
    bot.share("c1");
    bot.share("c2");
    let chat = bot.client.chats().chat("c1");
    assert!(bot.run(chat.stop_sharing_location(), 403, r#"{"code":"auth"}"#).is_err());
    assert_eq!(bot.active(), ["c1", "c2"], "a refusal stops nothing");
    bot.run(chat.stop_sharing_location(), 204, "").expect("it is stopped");
    assert_eq!(bot.active(), ["c2"]);
}

#[test]
fn active_shares_follow_the_server_when_they_are_moved() {
    let bot = Bot::new();
    bot.share("c1");
    bot.share("c2");
    let (chats, place) = (bot.client.chats(), Coordinates::new(3.0, 4.0).expect("it is a place"));
    let active = r#"{"active":["c2","c3"]}"#;
    bot.run(chats.update_shared_location(place), 200, active).expect("they are moved");
    assert_eq!(bot.active(), ["c2"], "shares that another session began are not this one's");
}

#[test]
fn response_with_undecodable_chats_ends_no_share() {
    let place = || Coordinates::new(3.0, 4.0).expect("it is a place");
    for body in [r#"{"active":["c1",7]}"#, r#"{"active":7}"#, "{}", "[]", r#"{"active":["c1","c\ud800"]}"#] {
        let bot = Bot::new();
        bot.share("c1");
        bot.share("c2");
        bot.run(bot.client.chats().update_shared_location(place()), 200, body).expect("they are moved");
        assert_eq!(bot.active(), ["c1", "c2"], "{body}");
    }
    let bot = Bot::new();
    bot.share("c1");
    let shares = r#"{"items":[{"tid":7,"remaining_ms":1},{"tid":"c2","remaining_ms":60000}]}"#;
    bot.run(bot.client.chats().refresh_location_shares(), 200, shares).expect("it is a list");
    assert_eq!(bot.active(), ["c1", "c2"], "one of them may be the one that is undecoded");
    let nothing = "\u{feff}{\"active\":null}";
    bot.run(bot.client.chats().update_shared_location(place()), 200, nothing).expect("they are moved");
    assert!(bot.active().is_empty(), "a list that is null is empty");
}

fn live(minutes: ShareDuration) -> Draft {
    Draft::text("here").attach(LiveLocation::new(Coordinates::new(1.0, 2.0).expect("it is a place"), minutes))
}

fn is_active(client: &Client<Script>) -> bool {
    client.chats().has_location_sharing_active_chats()
}

fn post() -> Expect {
    Expect::post("/v1/chats/c1/messages")
}

#[test]
fn share_that_may_have_started_counts_until_the_server_denies_it() {
    let credentials = Credentials::new("app", "secret").expect("they are valid");
    let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
    let config = config.with_retry(RetryPolicy::NEVER);
    let refused = || Respond::problem(403, "auth");
    for (response, may_have_begun) in [
        (Respond::connection_lost(), true),
        (Respond::timeout(), true),
        (Respond::status(201).body("text/html", "<html>"), true),
        (Respond::unreachable(), false),
        (refused(), false),
    ] {
        let moved = Respond::json(200, sample::json(r#"{"active":[]}"#));
        let script =
            Script::with_config(config.clone()).then(post(), response).then(Expect::put("/v1/location"), moved);
        let client = Client::new(script.clone());
        client.chats().chat("c1").post(live(ShareDuration::QuarterHour)).expect_err("it fails");
        assert_eq!(is_active(&client), may_have_begun);
        client.chats().update_shared_location(Coordinates::new(3.0, 4.0).expect("it is a place")).expect("it is moved");
        assert!(!is_active(&client));
    }
    let script = Script::new().then(post(), Respond::connection_lost()).then(post(), refused());
    let client = Client::new(script);
    client.chats().chat("c1").post(live(ShareDuration::QuarterHour)).expect_err("the last attempt is refused");
    assert!(is_active(&client), "the first attempt may have begun it");
}

#[test]
fn share_posted_again_by_its_key_ends_with_the_first() {
    // The message was sent when scripts begin: 2026-01-01 00:00 UTC.
    let later = |date: &str| Respond::json(201, sample::message("m1", "c1", "here")).header("date", date);
    for (date, left) in [
        ("Thu, 01 Jan 2026 00:00:00 GMT", 15),
        ("Thu, 01 Jan 2026 00:10:00 GMT", 5),
        ("Thu, 01 Jan 2026 01:00:00 GMT", 0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 15),
        ("soon", 15),
    ] {
        let script = Script::new().then(post(), later(date));
        let client = Client::new(script.clone());
        client.chats().chat("c1").post(live(ShareDuration::QuarterHour).idempotency_key("k")).expect("it is posted");
        if left > 0 {
            script.advance(Duration::from_secs(left * 60 - 1));
            assert!(is_active(&client), "{date}");
        }
        script.advance(Duration::from_secs(1));
        assert!(!is_active(&client), "{date}");
    }
    // Without a valid date, the clock of this machine is used.
    for (key, date, left) in [
        (Some("k"), None, 0),
        (Some("k"), Some("Wed, 31 Dec 2025 00:00:00 GMT"), 0),
        (Some("k"), Some("soon"), 0),
        // The key has not been used before, so the message is new, whatever the clock says.
        (None, None, 15),
    ] {
        let script = Script::new();
        script.advance(Duration::from_secs(60 * 60));
        let response = Respond::json(201, sample::message("m1", "c1", "here"));
        let response = date.into_iter().fold(response, |response, date| response.header("date", date));
        let client = Client::new(script.clone().then(post(), response));
        let draft = live(ShareDuration::QuarterHour);
        let draft = key.into_iter().fold(draft, |draft, key| draft.idempotency_key(key));
        client.chats().chat("c1").post(draft).expect("it is posted");
        assert_eq!(is_active(&client), left > 0, "{key:?}, {date:?}");
    }
    let now = || Respond::json(201, sample::message("m2", "c1", "here"));
    let script = Script::new().then(post(), now()).then(post(), later("Thu, 01 Jan 2026 00:10:00 GMT"));
    let client = Client::new(script.clone());
    let chat = client.chats().chat("c1");
    script.advance(QUARTER);
    chat.post(live(ShareDuration::OneHour)).expect("it is posted");
    chat.post(live(ShareDuration::QuarterHour).idempotency_key("k")).expect("it is there");
    script.advance(Duration::from_secs(59 * 60));
    assert!(is_active(&client), "the one that it replaces is newer");
}

#[test]
fn share_of_a_chat_created_by_an_old_key_is_requested() {
    let place = || LiveLocation::new(Coordinates::new(1.0, 2.0).expect("it is a place"), ShareDuration::QuarterHour);
    let (created, asked) = (|| Expect::post("/v1/chats"), || Expect::get("/v1/location"));
    let chat = || Respond::json(201, sample::chat("c1", "Ops"));
    for (response, active) in [
        (Respond::json(200, sample::json(&shares("c1", QUARTER))), true),
        (Respond::json(200, sample::json(r#"{"items":[]}"#)), false),
        // Without the list, no share is assumed; the chat is still created.
        (Respond::problem(403, "auth"), false),
    ] {
        let script = Script::new().then(created(), chat()).then(asked(), response.clone());
        let script = script.then(created(), chat()).then(asked(), response);
        let client = Client::new(script);
        client.chats().create_chat(NewChat::titled("Ops").attach(place()).idempotency_key("k")).expect("it is created");
        assert_eq!(is_active(&client), active);
        let pair = NewOneToOne::new("u1").attach(place()).idempotency_key("l");
        client.chats().create_one_to_one_chat(pair).expect("it is created");
        assert_eq!(is_active(&client), active);
    }
    let client = Client::new(Script::new().then(created(), chat()).then(created(), chat()));
    client.chats().create_chat(NewChat::titled("Ops").idempotency_key("k")).expect("it is created");
    assert!(!is_active(&client), "nothing is shared, and nothing asked");
    client.chats().create_chat(NewChat::titled("Ops").attach(place())).expect("it is created");
    assert!(is_active(&client), "a key of the session is new");
}

#[test]
fn shares_can_be_requested_from_the_server() {
    let shares = sample::json(
        r#"{"items":[
            {"tid":"c2","lat":1.0,"lon":2.0,"ends_at":"2030-01-01T00:00:00.000Z","remaining_ms":60000},
            {"tid":"c3","lat":1.0,"lon":2.0,"ends_at":"2030-01-01T00:00:00.000Z","remaining_ms":999999999999}
        ]}"#,
    );
    let script = Script::new()
        .then(post(), Respond::json(201, sample::message("m1", "c1", "here")))
        .then(Expect::get("/v1/location"), Respond::json(200, shares));
    let client = Client::new(script.clone());
    client.chats().chat("c1").post(live(ShareDuration::QuarterHour)).expect("it is posted");
    client.chats().refresh_location_shares().expect("the server lists them");
    let active = || {
        let active = client.chats().location_sharing_active_chats();
        active.iter().map(|chat| chat.tid().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(active(), ["c2", "c3"]);
    script.advance(Duration::from_secs(60));
    assert_eq!(active(), ["c3"]);
    script.advance(Duration::from_secs(8 * 60 * 60));
    assert!(active().is_empty(), "none is longer than eight hours");
}

#[test]
fn saved_share_gets_no_longer_by_a_clock_that_is_set_back() {
    let bot = Bot::started_at(DateTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
    bot.share("c1");
    bot.advance(Duration::from_secs(5 * 60));
    let json = serde_json::to_value(bot.client.chats().export_location_shares()).expect("it can be written");
    let restored = |json: &serde_json::Value| {
        let next = Bot::started_at(DateTime::UNIX_EPOCH);
        let saved = serde_json::from_value(json.clone()).expect("it can be read");
        next.client.chats().import_location_shares(saved);
        assert_eq!(next.active(), ["c1"]);
        next
    };
    let next = restored(&json);
    next.advance(Duration::from_secs(10 * 60));
    assert!(next.active().is_empty(), "10 minutes were left");

    let mut earlier = json;
    earlier.as_object_mut().expect("it is an object").remove("saved_at");
    let next = restored(&earlier);
    next.advance(Duration::from_secs(8 * 60 * 60));
    assert!(next.active().is_empty(), "none is longer than eight hours");
}

#[test]
fn saved_shares_are_active_in_the_next_process() {
    let bot = Bot::new();
    bot.share("c1");
    bot.advance(Duration::from_secs(60));
    bot.share("c2");
    let json = serde_json::to_string(&bot.client.chats().export_location_shares()).expect("it can be written");
    assert!(!json.contains("secret"), "{json}");
    let saved: LocationShares = serde_json::from_str(&json).expect("it can be read");

    let next = Bot::started_at(DateTime::UNIX_EPOCH + Duration::from_secs(14 * 60));
    next.client.chats().import_location_shares(saved.clone());
    assert_eq!(next.active(), ["c1", "c2"]);
    next.advance(Duration::from_secs(60));
    assert_eq!(next.active(), ["c2"]);
    next.advance(Duration::from_secs(60));
    assert!(next.active().is_empty());

    let late = Bot::started_at(DateTime::UNIX_EPOCH + Duration::from_secs(3600));
    late.client.chats().import_location_shares(saved);
    assert!(late.active().is_empty());
}
