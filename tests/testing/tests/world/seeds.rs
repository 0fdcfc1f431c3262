use teamwire_blocking::{FeedEvent, FeedOptions, StopHandle, config::RetryPolicy};
use teamwire_testing::{SentRequest, World, org};

use crate::{MINUTE, client};

/// A run of an echo bot for an hour, with an outage: its requests, and all texts.
fn run(seed: u64, is_async: bool) -> (Vec<SentRequest>, Vec<Option<String>>) {
    let (world, stop) = (World::new(seed), StopHandle::new());
    world.latency(MINUTE / 600);
    for minute in 0..20 {
        world.at(MINUTE * minute * 3, |world| {
            world.act(org::ANNA, |anna| anna.post(org::LOBBY, "hello")).unwrap();
        });
    }
    world.at(MINUTE * 30, |world| world.down_for(MINUTE * 7));
    let end = stop.clone();
    world.at(MINUTE * 60, move |_| end.stop());
    let retry = RetryPolicy::within(MINUTE * 20);
    if is_async {
        let client = client(&world).with_retry(retry);
        world.run(async {
            let mut events = client.stopped_by(&stop).chats().new_messages(FeedOptions::from_now());
            while let Some(event) = events.next().await {
                if let FeedEvent::Update { item, .. } = event.unwrap()
                    && item.from_user.uid == org::ANNA
                {
                    client.chats().chat(item.tid).post(format!("re: {}", item.mid)).await.unwrap();
                }
            }
        });
    } else {
        let client = world.blocking().with_retry(retry);
        for event in client.stopped_by(&stop).chats().new_messages(FeedOptions::from_now()) {
            if let FeedEvent::Update { item, .. } = event.unwrap()
                && item.from_user.uid == org::ANNA
            {
                client.chats().chat(item.tid).post(format!("re: {}", item.mid)).unwrap();
            }
        }
    }
    (world.requests(), world.texts(org::LOBBY))
}

#[test]
fn same_seed_has_the_same_run() {
    for seed in 0..5 {
        let (requests, texts) = run(seed, false);
        assert!(requests.len() > 100 && texts.len() > 30, "{} requests, {} texts", requests.len(), texts.len());
        assert_eq!((&requests, &texts), (&run(seed, false).0, &run(seed, false).1), "seed {seed}");
        assert_eq!((requests, texts), run(seed, true), "both adapters run alike: seed {seed}");
        assert_ne!(run(seed, false).0, run(seed + 1, false).0, "the seed has an effect");
    }
}
