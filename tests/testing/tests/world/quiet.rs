//! Long times in which nothing happens.

use std::{sync::Mutex, time::Duration};

use futures_util::future::{Either, select};
use teamwire_async_std::{FeedEvent, StopHandle, config::RetryPolicy};
use teamwire_testing::{SentRequest, World, org};

use crate::{MINUTE, SECOND, client};

const HOUR: Duration = Duration::from_secs(3600);

/// Two days with messages, reactions and outages. Returns the events of two feeds with their times, and the requests of
/// their client. With a timer, something happens every five seconds, so that the world repeats no poll on its own.
fn two_days(with_timer: bool) -> (Vec<String>, Vec<SentRequest>) {
    let (world, stop) = (World::new(5), StopHandle::new());
    world.latency(SECOND / 10);
    // Without jitter, as the random numbers of a client depend on the number of its requests.
    let (bot, timer) = (client(&world).with_retry(RetryPolicy::NEVER), client(&world));
    let mid = world.act(org::ANNA, |anna| anna.post_alert(org::LOBBY, "Pump 3 is down", "alert")).expect("she may");
    for (hour, reaction) in [(3, "ok"), (4, "sos"), (20, "ok"), (40, "sos")] {
        let mid = mid.clone();
        world.at(HOUR * hour + SECOND * 7, |world| {
            world.act(org::BEN, |ben| ben.post(org::NOTICES, "hello")).expect("he is a member");
        });
        world.at(HOUR * hour + MINUTE * 30, move |world| {
            let count = world.administer(|server, now| server.subscription_count(now));
            assert_eq!(count, 1, "the lease is kept");
            world.act(org::ANNA, |anna| anna.react(org::LOBBY, &mid, reaction)).expect("she is a member");
        });
        world.at(HOUR * hour + MINUTE * 50, |world| world.down_for(MINUTE * 2));
    }
    let end = stop.clone();
    world.at(HOUR * 48, move |_| end.stop());

    let log = Mutex::new(Vec::new());
    let record = |text: String| log.lock().expect("nothing has panicked").push(format!("{:?} {text}", world.elapsed()));
    let follow = async {
        let stopped = bot.stopped_by(&stop);
        let chats = stopped.chats();
        let (mut messages, mut reactions) = (chats.new_messages(None), chats.reaction_updates(None));
        let of_messages = async {
            while let Some(event) = messages.next().await {
                record(kind(&event.expect("the key is valid")));
            }
        };
        let of_reactions = async {
            while let Some(event) = reactions.next().await {
                record(kind(&event.expect("the key is valid")));
            }
        };
        futures_util::future::join(of_messages, of_reactions).await;
    };
    let tick = async {
        if !with_timer {
            return std::future::pending::<()>().await;
        }
        loop {
            timer.sleep(SECOND * 5).await.expect("it is not stopped");
        }
    };
    let ended = world.run(select(Box::pin(follow), Box::pin(tick)));
    assert!(matches!(ended, Either::Left(_)), "the bot is stopped");
    drop(ended);
    let log = log.into_inner().expect("nothing has panicked");
    (log, world.requests())
}

fn kind<T>(event: &FeedEvent<T>) -> String {
    match event {
        FeedEvent::Started(_) => "started".to_owned(),
        FeedEvent::Update { .. } => "update".to_owned(),
        FeedEvent::Heartbeat(_) => "heartbeat".to_owned(),
        FeedEvent::Retrying(failure) => {
            format!("retrying {} at {:?}: {}", failure.attempt, failure.retry_at, failure.error)
        }
        _ => "other".to_owned(),
    }
}

#[test]
fn polls_that_the_world_repeats_are_those_that_clients_would_send() {
    let ((quiet, quiet_requests), (busy, busy_requests)) = (two_days(false), two_days(true));
    assert_eq!(quiet, busy);
    assert!(quiet.iter().filter(|line| line.ends_with("update")).count() >= 8, "{quiet:?}");
    assert!(quiet.iter().any(|line| line.contains("retrying")), "{quiet:?}");
    assert!(quiet_requests.len() > 2 * 48 * 3600 / 26, "{} requests", quiet_requests.len());
    for (number, (quiet, busy)) in quiet_requests.iter().zip(&busy_requests).enumerate() {
        assert_eq!(quiet, busy, "request {number}");
    }
    assert_eq!(quiet_requests.len(), busy_requests.len());
}
