//! A client that is driven manually, and live locations.

use std::{cell::Cell, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use teamwire_core::{
    Client, Config, Credentials, Draft, Error,
    effect::{Moment, Now},
    executor::Manual,
    flow::Flow,
    machine::{Reply, Step},
    model::{Coordinates, LiveLocation, ShareDuration},
    script::sample,
};

pub(crate) const QUARTER: Duration = Duration::from_secs(15 * 60);

/// A client whose machines and clock are driven by the test.
pub(crate) struct Bot {
    pub(crate) client: Client<Manual>,
    now: Cell<Now>,
}

impl Bot {
    pub(crate) fn started_at(utc: DateTime<Utc>) -> Self {
        let credentials = Credentials::new("app", "secret").expect("they are valid");
        let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
        let now = Now::new(Moment::EPOCH, utc);
        Self { client: Client::new(Manual::new(config, [1; 32], now)), now: Cell::new(now) }
    }

    pub(crate) fn new() -> Self {
        Self::started_at(DateTime::UNIX_EPOCH)
    }

    fn set_now(&self, now: Now) {
        self.now.set(now);
        self.client.executor().set_now(now);
    }

    pub(crate) fn now(&self) -> Now {
        self.now.get()
    }

    /// Advances both clocks by this time.
    pub(crate) fn advance(&self, time: Duration) {
        let now = self.now.get();
        self.set_now(Now::new(now.moment.saturating_add(time), now.utc + time));
    }

    /// Sets the wall clock, but not the monotonic one.
    pub(crate) fn adjust_wall_clock(&self, by: TimeDelta) {
        let now = self.now.get();
        self.set_now(Now::new(now.moment, now.utc + by));
    }

    /// Runs an operation whose only request gets this response.
    pub(crate) fn run<T: Send>(
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
    pub(crate) fn share(&self, tid: &str) {
        let chat = self.client.chats().chat(tid);
        let post = chat.post(live(ShareDuration::QuarterHour));
        self.run(post, 201, sample::message("m1", tid, "here")).expect("it is posted");
    }

    pub(crate) fn active(&self) -> Vec<String> {
        let chats = self.client.chats();
        let active: Vec<_> = chats.location_sharing_active_chats().iter().map(|chat| chat.tid().to_string()).collect();
        assert_eq!(chats.has_location_sharing_active_chats(), !active.is_empty());
        active
    }
}

/// Returns the list of the bot's shares: one that lasts for this time.
pub(crate) fn shares(tid: &str, left: Duration) -> String {
    let left = left.as_millis();
    format!(
        r#"{{ "items": [{{
            "tid": "{tid}", "lat": 1.0, "lon": 2.0, "ends_at": "2030-01-01T00:00:00.000Z", "remaining_ms": {left}
        }}] }}"#
    )
}

pub(crate) fn live(minutes: ShareDuration) -> Draft {
    Draft::text("here").attach(LiveLocation::new(Coordinates::new(1.0, 2.0).expect("it is a place"), minutes))
}
