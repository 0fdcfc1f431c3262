//! Many operations of one session against a limit of the server, on a virtual clock.

mod limits;
mod slow_start;

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use teamwire_core::{
    ErrorKind, Message,
    config::RetryPolicy,
    effect::{Moment, Now},
    flow::Flow,
    machine::{Machine, Reply, Step, Ticket},
    script::sample,
};
use teamwire_tests::operations::{ByHandBot, ENTROPY, TID, config, now};

/// The header of the server's rejections.
#[derive(Clone, Copy, Debug)]
enum RetryAfter {
    /// The time until the next request is accepted, in whole seconds.
    Exact,
    Constant(Option<u32>),
}

/// A server's rate limit: requests per second, with a burst.
struct Bucket {
    retry_after: RetryAfter,
    per_second: f64,
    burst: f64,
    tokens: f64,
    since: Moment,
}

impl Bucket {
    fn new(per_second: f64, burst: u8) -> Self {
        let burst = f64::from(burst);
        Self { retry_after: RetryAfter::Exact, per_second, burst, tokens: burst, since: Moment::EPOCH }
    }

    fn with_retry_after(self, retry_after: RetryAfter) -> Self {
        Self { retry_after, ..self }
    }

    fn reply(&mut self, at: Moment) -> Reply {
        let refill = at.saturating_duration_since(self.since).as_secs_f64() * self.per_second;
        (self.tokens, self.since) = ((self.tokens + refill).min(self.burst), at);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return response(201, None, &sample::message("m1", TID, "hello"));
        }
        let wait = match self.retry_after {
            RetryAfter::Exact => Some(((1.0 - self.tokens) / self.per_second).ceil()),
            RetryAfter::Constant(seconds) => seconds.map(f64::from),
        };
        response(429, wait, &json!({ "code": "rate_limited" }))
    }
}

fn response(status: u16, retry_after: Option<f64>, body: &Value) -> Reply {
    let mut response = http::Response::builder().status(status).header("content-type", "application/problem+json");
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds.to_string());
    }
    Reply::Response(response.body(body.to_string().into_bytes()).expect("it is a response"))
}

/// The outcomes of many concurrent posts.
struct Timeline {
    posted: usize,
    failed: usize,
    /// Times of the requests after the first ones.
    sent: Vec<Moment>,
    limited: usize,
    end: Moment,
}

fn posts(count: usize, mut limit: Bucket) -> Timeline {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut posts: Vec<Option<Box<dyn Flow<Output = Message> + '_>>> =
        (0..count).map(|_| Some(bot.chat.post("hello"))).collect();
    let mut timeline = Timeline { posted: 0, failed: 0, sent: Vec::new(), limited: 0, end: Moment::EPOCH };
    let mut now = now();
    loop {
        let (mut sent, mut wakes) = (Vec::<(usize, Ticket)>::new(), BTreeSet::new());
        for (at, slot) in posts.iter_mut().enumerate() {
            match slot.as_mut().map(|post| post.poll(now)) {
                None => {}
                Some(Step::Send(ticket, _)) => sent.push((at, ticket)),
                Some(Step::Sleep(until)) => drop(wakes.insert(until)),
                Some(Step::Done(result)) => {
                    *if result.is_ok() { &mut timeline.posted } else { &mut timeline.failed } += 1;
                    (*slot, timeline.end) = (None, now.moment);
                }
                Some(step) => panic!("a post does not ask for {step:?}"),
            }
        }
        if now.moment > Moment::EPOCH {
            timeline.sent.extend(sent.iter().map(|_| now.moment));
        }
        for (at, ticket) in &sent {
            let reply = limit.reply(now.moment);
            timeline.limited += usize::from(matches!(&reply, Reply::Response(it) if it.status() == 429));
            posts[*at].as_mut().expect("it has just sent something").handle(now, *ticket, reply);
        }
        if !sent.is_empty() {
            continue;
        }
        let Some(next) = wakes.first() else { return timeline };
        now = Now::new(*next, now.utc);
    }
}

#[test]
fn many_posts_at_once_pass_a_rate_limit() {
    for (count, per_second, burst, seconds) in [
        (40, 5.0, 5, 30),
        (40, 5.0, 1, 30),
        (200, 20.0, 20, 60),
        (20, 1.0, 1, 60),
        (40, 50.0, 1, 10),
        (20, 0.1, 1, 300),
        // Far more than the limit allows in the minute of the policy.
        (300, 5.0, 5, 120),
        (1_000, 5.0, 5, 400),
        (1_000, 50.0, 5, 60),
    ] {
        let timeline = posts(count, Bucket::new(per_second, burst));
        assert_eq!((timeline.posted, timeline.failed), (count, 0), "of {count} against {per_second}/s");
        let end = timeline.end.since_epoch();
        assert!(end < Duration::from_secs(seconds), "{count} against {per_second}/s take {end:?}");
        let again = timeline.limited - count.saturating_sub(usize::from(burst));
        // The server allows the next request only after ten seconds, so each shorter gap ends with a rejection.
        let most = if per_second < 1.0 { count } else { count / 2 };
        assert!(again <= most, "{count} against {per_second}/s are limited {again} times more");
        let times: BTreeSet<_> = timeline.sent.iter().collect();
        assert!(times.len() * 10 >= timeline.sent.len() * 9, "they come one after the other: {:?}", timeline.sent);
    }
}

/// Returns the end of another request's wait at this time, or `None` if it is sent.
fn waits_until(bot: &ByHandBot, time: Duration) -> Option<Duration> {
    let mut other = bot.client.contacts().me();
    match other.poll(Now::new(Moment::EPOCH.saturating_add(time), now().utc)) {
        Step::Send(..) => None,
        Step::Sleep(until) => Some(until.since_epoch()),
        step => panic!("it begins with a request, not with {step:?}"),
    }
}

/// A post whose first request was rate limited.
fn limited(bot: &ByHandBot, retry_after: f64) -> Box<dyn Flow<Output = Message> + '_> {
    let mut post = bot.chat.post("hello");
    let Step::Send(ticket, _) = post.poll(now()) else { panic!("it begins with a request") };
    post.handle(now(), ticket, response(429, Some(retry_after), &json!({ "code": "rate_limited" })));
    post
}

#[test]
fn limit_that_has_passed_is_forgotten() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let _post = limited(&bot, 2.0);
    let until = waits_until(&bot, Duration::from_millis(1)).expect("others of the session wait, too");
    assert!((2_250..=2_750).contains(&until.as_millis()), "{until:?}");
    assert_eq!(waits_until(&bot, Duration::from_secs(10)), None);
    let later = Duration::from_secs(60);
    assert_eq!([(); 3].map(|()| waits_until(&bot, later)), [None; 3], "three at once, as before");
}

#[test]
fn others_pause_even_if_the_limited_operation_fails() {
    let short = RetryPolicy { max_retry_after: Duration::from_secs(10), ..RetryPolicy::default() };
    let hour = 60 * 60;
    for (policy, asked, pause) in [
        (RetryPolicy::NEVER, 2_u32, 2),
        (RetryPolicy { max_retries: 0, ..RetryPolicy::default() }, 2, 2),
        (RetryPolicy::default(), 61, 61),
        (short, 11, 11),
        // A header cannot stop a session for more than an hour.
        (RetryPolicy::default(), 1_000_000, hour),
    ] {
        let bot = ByHandBot::by_hand(config().with_retry(policy), ENTROPY);
        let mut post = limited(&bot, f64::from(asked));
        let Step::Done(Err(error)) = post.poll(now()) else { panic!("it gives up: {policy:?}") };
        assert_eq!(error.retry_after(), Some(Duration::from_secs(asked.into())));
        let pause = Duration::from_secs(pause);
        let (just_before, over) = (pause.saturating_sub(Duration::from_millis(1)), pause + Duration::from_millis(501));
        assert!(waits_until(&bot, just_before).is_some(), "{policy:?} pauses for {pause:?}");
        assert_eq!(waits_until(&bot, over), None, "{policy:?} pauses for {pause:?}");
    }
}

#[test]
fn pause_of_more_than_a_minute_is_an_error_of_every_operation() {
    let patient = RetryPolicy { max_retry_after: Duration::from_secs(300), ..RetryPolicy::default() };
    let at = |seconds| Now::new(Moment::EPOCH.saturating_add(Duration::from_secs(seconds)), now().utc);
    for (policy, max) in [(RetryPolicy::NEVER, 60), (RetryPolicy::default(), 60), (patient, 300)] {
        let bot = ByHandBot::by_hand(config().with_retry(policy), ENTROPY);
        // Both are sent before either is limited: the longer pause comes while others wait for the shorter one to end.
        let mut sent = [bot.chat.post("one"), bot.chat.post("two")];
        let tickets = sent.each_mut().map(|post| match post.poll(now()) {
            Step::Send(ticket, _) => ticket,
            step => panic!("it begins with a request, not with {step:?}"),
        });
        let mut waiting = bot.chat.post("three");
        for ((post, ticket), retry_after) in sent.iter_mut().zip(tickets).zip([2.0, 600.0]) {
            post.handle(now(), ticket, response(429, Some(retry_after), &json!({ "code": "rate_limited" })));
            let _ = waiting.poll(now());
        }
        let mut later = bot.chat.post("four");
        let Step::Done(Err(error)) = later.poll(at(10)) else { panic!("it does not wait for ten minutes: {policy:?}") };
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::RateLimited, false));
        let rest = error.retry_after().expect("the rest of the pause").as_secs();
        assert!((589..=591).contains(&rest), "{rest} s");
        drop((sent, waiting, later));
        assert!(
            waits_until(&bot, Duration::from_secs(602 - max)).is_some(),
            "a shorter rest is waited for: {policy:?}"
        );
        assert_eq!(waits_until(&bot, Duration::from_secs(602)), None, "{policy:?}");
    }
}

#[test]
fn waiting_operation_ends_when_the_pause_becomes_too_long() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut sent = [bot.chat.post("one"), bot.chat.post("two")];
    let tickets = sent.each_mut().map(|post| match post.poll(now()) {
        Step::Send(ticket, _) => ticket,
        step => panic!("it begins with a request, not with {step:?}"),
    });
    let [first, second] = &mut sent;
    let limit = |retry_after| response(429, Some(retry_after), &json!({ "code": "rate_limited" }));
    first.handle(now(), tickets[0], limit(2.0));
    let mut waiting = bot.chat.post("three");
    let Step::Sleep(until) = waiting.poll(now()) else { panic!("it waits") };
    second.handle(now(), tickets[1], limit(600.0));
    let Step::Done(Err(error)) = waiting.poll(Now::new(until, now().utc)) else { panic!("it does not wait on") };
    assert_eq!(error.kind(), ErrorKind::RateLimited);
}

#[test]
fn an_operation_that_is_cancelled_gives_up_its_place() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let first = limited(&bot, 2.0);
    let mut waiting: Vec<_> = (0..1_000).map(|_| bot.chat.post("hello")).collect();
    for post in &mut waiting {
        assert!(matches!(post.poll(now()), Step::Sleep(_)));
    }
    drop((first, waiting));
    assert_eq!(waits_until(&bot, Duration::from_secs(3)), None);
}

#[test]
fn operations_are_sent_in_the_order_in_which_they_began() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut posts = vec![limited(&bot, 2.0)];
    posts.extend((0..20).map(|_| bot.chat.post("hello")));
    for post in &mut posts {
        assert!(matches!(post.poll(now()), Step::Sleep(_)));
    }
    let (mut sent, mut refusals, mut now) = (Vec::new(), 3, now());
    while sent.len() < posts.len() {
        let mut wake = None;
        // The last one is polled first: the order of the first polls counts.
        for (at, post) in posts.iter_mut().enumerate().rev().filter(|(at, _)| !sent.contains(at)).collect::<Vec<_>>() {
            match post.poll(now) {
                Step::Send(ticket, _) if at == 5 && refusals > 0 => {
                    (refusals, wake) = (refusals - 1, Some(now.moment));
                    post.handle(now, ticket, response(429, Some(1.0), &json!({ "code": "rate_limited" })));
                }
                Step::Send(..) => sent.push(at),
                Step::Sleep(until) => wake = Some(wake.map_or(until, |wake: Moment| wake.min(until))),
                step => panic!("a post does not ask for {step:?}"),
            }
        }
        now = Now::new(wake.unwrap_or(now.moment), now.utc);
    }
    assert!(sent.is_sorted(), "also one that is limited again keeps its place: {sent:?}");
}
