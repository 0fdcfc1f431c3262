//! Failures that a feed retries without losing an event.

use std::{
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{ErrorKind, FeedOptions, config::Timeouts};
use teamwire_sandbox::{Fault, Rule};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use super::{MAX_WAIT, every_feed, once_it_waits, subscriptions};

#[executor_test]
fn lease_that_ran_out_is_taken_again<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let while_nobody_asks = feed.happens(&fixture.sandbox, 1);
        fixture.sandbox.clock().advance(Duration::from_secs(6 * 60));
        assert_eq!(subscriptions(&fixture.sandbox), 0);
        assert_eq!(events.expect_update().0, while_nobody_asks, "{feed:?}");
        let expire = || {
            fixture.sandbox.admin().expire_leases();
            feed.happens(&fixture.sandbox, 2)
        };
        let (happened, delivered) = once_it_waits(&fixture.sandbox, expire, || events.expect_update().0);
        assert_eq!(delivered, happened, "{feed:?}");
        assert_eq!(subscriptions(&fixture.sandbox), usize::from(feed.is_leased()));
    });
}

#[executor_test]
fn outage_is_reported_and_loses_no_event<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let before = feed.happens(&fixture.sandbox, 1);
        assert_eq!(events.expect_update().0, before, "{feed:?}");
        let out = || fixture.sandbox.faults().set_down(true);
        let ((), mut last) = once_it_waits(&fixture.sandbox, out, || events.expect_failure());
        assert_eq!(last.attempt, 1);
        let meanwhile: Vec<_> = (2..5).map(|number| feed.happens(&fixture.sandbox, number)).collect();
        for attempt in 2..4 {
            let next = events.expect_failure();
            assert_eq!((next.attempt, next.error.kind()), (attempt, ErrorKind::Connection), "{feed:?}: {next:?}");
            assert!(
                next.retry_at.saturating_duration_since(last.retry_at) >= Duration::from_millis(250),
                "{last:?}, then {next:?}"
            );
            last = next;
        }
        fixture.sandbox.faults().set_down(false);
        assert_eq!(events.expect_updates(3), meanwhile, "{feed:?}");
        let after = feed.happens(&fixture.sandbox, 5);
        assert_eq!(events.expect_update().0, after, "{feed:?}");
    });
}

#[executor_test]
fn temporary_failure_loses_no_event<H: Harness>() {
    every_feed(|feed| {
        let fixture = Fixture::<H>::new();
        let mut events = feed.follow::<H>(&fixture.client, None);
        events.expect_started();
        let failures = [
            (Fault::CutBefore, Duration::ZERO),
            (Fault::CutAfter, Duration::ZERO),
            (Fault::CutBody { after_bytes: 30 }, Duration::ZERO),
            (Fault::response(502, "text/html", "<h1>502 Bad Gateway</h1>"), Duration::ZERO),
            (Fault::response(200, "text/html", "<h1>Please log in</h1>"), Duration::ZERO),
            (Fault::response(403, "application/json", r#"{"code":"auth"}"#), Duration::ZERO),
            (Fault::response(410, "application/json", r#"{"code":"unsubscribed"}"#), Duration::ZERO),
            (Fault::status_retry_after(503, 1), Duration::from_secs(1)),
        ];
        for (number, (fault, asked)) in (1..).zip(failures) {
            // The replacement of a stale connection is not reported.
            fixture.sandbox.faults().add(Rule::new(fault.clone()).times(2));
            let next = feed.happens(&fixture.sandbox, number);
            let begun = Instant::now();
            assert_eq!(events.expect_failure().attempt, 1, "{feed:?}, {fault:?}");
            fixture.sandbox.faults().clear();
            assert_eq!(events.expect_update().0, next, "{feed:?}, {fault:?}");
            assert!(begun.elapsed() >= asked, "{feed:?} is asked for {asked:?}");
        }
    });
}

#[executor_test]
fn long_poll_may_take_longer_than_other_requests<H: Harness>() {
    every_feed(|feed| {
        let timeouts = Timeouts { request: Duration::from_millis(700), ..Timeouts::default() };
        let fixture = Fixture::<H>::configured(|config| config.with_timeouts(timeouts));
        let mut events = feed.follow::<H>(&fixture.client, FeedOptions::from_now().long_poll(Duration::from_secs(1)));
        events.expect_started();
        let polls = fixture.sandbox.received_count(feed.polls());
        let delivered = thread::scope(|scope| {
            scope.spawn(|| {
                let came =
                    fixture.sandbox.wait_until(MAX_WAIT, |sandbox| sandbox.received_count(feed.polls()) > polls + 1);
                feed.happens(&fixture.sandbox, 1);
                assert!(came, "the first poll has not ended");
            });
            events.event()
        });
        let is_update = matches!(&delivered, Some(Ok(event)) if event.clone().into_item().is_some());
        assert!(is_update, "{feed:?} delivers the update, and no failure: {delivered:?}");
    });
}
