//! An alert bridge: it posts each alert, waits for a reaction, and escalates if there is none.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use teamwire_blocking::{
    AlertType, Client, Draft, Error, FeedEvent, ReactionType, StopHandle, effect::Moment, model::MessageId,
};
use teamwire_testing::{World, org};

use crate::{DAY, HOUR, MINUTE};

struct Bridge {
    client: Client,
    /// The alerts without a reaction, with their messages and the times at which they began.
    open: Mutex<BTreeMap<String, (MessageId, Moment)>>,
    acknowledged: Mutex<Vec<String>>,
}

impl Bridge {
    fn new(client: Client) -> Self {
        Self { client, open: Mutex::default(), acknowledged: Mutex::default() }
    }

    /// Posts an alert of the monitoring system, which repeats it as long as it lasts, or escalates it.
    fn alert(&self, text: &str) -> Result<(), Error> {
        let (now, open) = (self.client.now().moment, lock(&self.open).get(text).cloned());
        let Some((_, since)) = open else {
            let draft = Draft::text(text).alert(AlertType::Alert);
            let message = self.client.chats().chat(org::LOBBY).post(draft)?;
            lock(&self.open).insert(text.to_owned(), (message.mid, now));
            return Ok(());
        };
        if now.saturating_duration_since(since) >= MINUTE * 10 {
            self.client.chats().chat(org::NOTICES).post(format!("No reaction: {text}"))?;
        }
        Ok(())
    }

    /// Follows the reactions until it is stopped.
    fn run(&self, stop: &StopHandle) -> Result<(), Error> {
        for event in self.client.stopped_by(stop).chats().reaction_updates(None) {
            let FeedEvent::Update { item, .. } = event? else { continue };
            let mut open = lock(&self.open);
            if item.reaction_type == ReactionType::Ok
                && let Some(text) = open.iter().find(|(_, (mid, _))| *mid == item.mid).map(|(text, _)| text.clone())
            {
                open.remove(&text);
                lock(&self.acknowledged).push(format!("{text}: {}", item.from_user.first_name));
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_week_of_an_alert_bridge() {
    let started = Instant::now();
    let (world, stop) = (World::new(7), StopHandle::new());
    let bridge = Arc::new(Bridge::new(world.blocking()));
    for day in 0..7 {
        for minute in [0, 5, 10] {
            let bridge = Arc::clone(&bridge);
            world.at(DAY * day + HOUR + MINUTE * minute, move |_| {
                bridge.alert(&format!("Pump {day} is down")).expect("it is posted");
            });
        }
    }
    // Anna reacts after 15 minutes, when her alert has been escalated already.
    world.whenever_posted(|world, message| {
        let (tid, mid) = (message.tid.clone(), message.mid.clone());
        if message.alert_type == Some("alert") {
            world.after(MINUTE * 15, move |world| {
                world.act(org::ANNA, |anna| anna.react(&tid, &mid, "ok")).expect("she is a member");
            });
        }
    });
    let end = stop.clone();
    world.at(DAY * 7, move |_| end.stop());
    bridge.run(&stop).expect("it is stopped");

    assert_eq!(world.texts(org::LOBBY).len(), 7);
    let escalated = world.texts(org::NOTICES).into_iter().flatten();
    assert!(escalated.eq((0..7).map(|day| format!("No reaction: Pump {day} is down"))));
    let acknowledged = (0..7).map(|day| format!("Pump {day} is down: Anna"));
    assert!(lock(&bridge.acknowledged).iter().cloned().eq(acknowledged));
    assert_eq!(world.elapsed(), DAY * 7);
    let requests = world.requests().len();
    assert!(requests > 20_000, "it polls every 25 seconds: {requests} requests");
    crate::report("a week of an alert bridge", started, requests);
}
