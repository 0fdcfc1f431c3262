//! Many clones of a client against any limit that stays the same: nothing fails, and little time is lost.

use std::{collections::BTreeMap, time::Duration};

use proptest::{prelude::*, sample::select, test_runner::TestRunner};
use teamwire_core::{
    Message,
    effect::{Moment, Now},
    flow::Flow,
    machine::{Machine, Reply, Step, Ticket},
};
use teamwire_tests::operations::{ByHandBot, ENTROPY, config, now};

use super::{Bucket, RetryAfter};

const CLONES: usize = 20;
const POSTS: usize = 100;

/// A client that posts one message after the other.
struct Poster<'b> {
    post: Option<Box<dyn Flow<Output = Message> + 'b>>,
    /// The reply to the request in flight, and when it arrives.
    reply: Option<(Moment, Ticket, Reply)>,
    wake: Moment,
}

/// Returns the time until all posts have succeeded.
fn time_of_all_posts(limit: &mut Bucket, latency: Duration) -> Result<Duration, TestCaseError> {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut posters: BTreeMap<usize, Poster<'_>> =
        (0..CLONES).map(|key| (key, Poster { post: None, reply: None, wake: Moment::EPOCH })).collect();
    let (mut started, mut now) = (0, now());
    while let Some(due) = posters.values().map(|poster| poster.wake).min() {
        now = Now::new(now.moment.max(due), now.utc);
        let due: Vec<usize> =
            posters.iter().filter(|(_, poster)| poster.wake <= now.moment).map(|(key, _)| *key).collect();
        for key in due {
            let Some(poster) = posters.get_mut(&key) else { continue };
            let Some(post) = &mut poster.post else {
                if started == POSTS {
                    posters.remove(&key);
                } else {
                    (started, poster.post) = (started + 1, Some(bot.chat.post("hello")));
                }
                continue;
            };
            if let Some((_, ticket, reply)) = poster.reply.take() {
                post.handle(now, ticket, reply);
            }
            match post.poll(now) {
                Step::Send(ticket, _) => {
                    let arrival = now.moment.saturating_add(latency / 2);
                    poster.wake = arrival.saturating_add(latency / 2);
                    poster.reply = Some((poster.wake, ticket, limit.reply(arrival)));
                }
                Step::Sleep(until) => {
                    prop_assert!(until > now.moment, "it sleeps until {until:?} at {:?}", now.moment);
                    poster.wake = until;
                }
                Step::Done(result) => {
                    prop_assert!(result.is_ok(), "at {:?}: {result:?}", now.moment);
                    poster.post = None;
                }
                step => return Err(TestCaseError::fail(format!("a post does not ask for {step:?}"))),
            }
        }
    }
    Ok(now.moment.since_epoch())
}

#[test]
fn any_limit_that_stays_the_same_only_delays_posts() {
    let retry_after = select(vec![
        RetryAfter::Exact,
        RetryAfter::Constant(None),
        RetryAfter::Constant(Some(0)),
        RetryAfter::Constant(Some(1)),
        RetryAfter::Constant(Some(5)),
    ]);
    let cases = (1..=50_u8, select(vec![1_u8, 2, 5, 20]), retry_after, select(vec![0_u64, 1, 20, 150, 400, 2_000]));
    let result =
        TestRunner::new(teamwire_tests::cases(256)).run(&cases, |(per_second, burst, retry_after, latency)| {
            let latency = Duration::from_millis(latency);
            let mut limit = Bucket::new(f64::from(per_second), burst).with_retry_after(retry_after);
            let time = time_of_all_posts(&mut limit, latency)?;
            #[expect(clippy::cast_precision_loss, reason = "it is a small number")]
            let ideal = Duration::from_secs_f64(POSTS as f64 / f64::from(per_second)) + latency * 5;
            let pause = match retry_after {
                RetryAfter::Constant(Some(seconds)) => Duration::from_secs(seconds.into()),
                _ => Duration::from_secs(1),
            };
            // The pauses that the server asks for come on top.
            let max = ideal * 3 + (pause + Duration::from_secs(1)) * 6;
            prop_assert!(time < max, "{time:?} instead of {ideal:?}");
            Ok(())
        });
    result.unwrap_or_else(|why| panic!("{why}"));
}
