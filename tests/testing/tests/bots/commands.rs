//! A bot that responds to commands, and shares its location.

use std::{future::Future, pin::pin, time::Instant};

use futures_util::future::{Either, select};
use teamwire_async_std::{
    AsyncStdRuntime, Client, Error, ErrorKind, FeedEvent, Message, StopHandle, config::RetryPolicy,
};
use teamwire_testing::{World, org};

use crate::{DAY, HOUR, MINUTE};

struct Bot {
    client: Client<AsyncStdRuntime>,
}

impl Bot {
    /// Responds to commands until it is stopped.
    async fn run(&self, stop: &StopHandle) -> Result<(), Error> {
        let mut events = self.client.stopped_by(stop).chats().new_messages(None);
        while let Some(event) = events.next().await {
            if let FeedEvent::Update { item, .. } = event? {
                self.respond(&item).await?;
            }
        }
        Ok(())
    }

    async fn respond(&self, message: &Message) -> Result<(), Error> {
        let chat = self.client.chats().chat(message.tid.clone());
        let text = match message.text.as_deref().unwrap_or_default().split_once(' ') {
            Some(("!echo", text)) => text.to_owned(),
            Some(("!days", _)) => format!("{} days", self.client.now().moment.since_epoch().as_secs() / 86_400),
            _ => return Ok(()),
        };
        chat.post(text).await.map(drop)
    }

    /// Counts every five seconds.
    async fn count(&self, stop: &StopHandle, ticks: &mut u32) -> Result<(), Error> {
        let client = self.client.stopped_by(stop);
        loop {
            match client.sleep(std::time::Duration::from_secs(5)).await {
                Err(error) if error.kind() == ErrorKind::Cancelled => return Ok(()),
                result => result?,
            }
            *ticks += 1;
        }
    }
}

/// Waits for both futures, the second of which ends with the first.
async fn both<T>(first: impl Future<Output = T>, second: impl Future<Output = T>) -> (T, T) {
    match select(pin!(first), pin!(second)).await {
        Either::Left((first, second)) => (first, second.await),
        Either::Right((second, first)) => (first.await, second),
    }
}

#[test]
fn a_week_of_a_command_bot_with_hourly_outages() {
    let started = Instant::now();
    let (world, stop) = (World::new(11), StopHandle::new());
    let client = world.client().with_retry(RetryPolicy::within(MINUTE * 10));
    let bot = Bot { client };
    for hour in 0..7 * 24 {
        world.at(HOUR * hour + MINUTE * 30, |world| world.down_for(MINUTE));
        // Half of the commands arrive immediately before an outage.
        let minute = if hour % 2 == 0 { 30 } else { 5 };
        world.at(HOUR * hour + MINUTE * minute, move |world| {
            let command = format!("!echo {hour}");
            world.act(org::ANNA, |anna| anna.post(org::LOBBY, &command)).expect("she is a member");
        });
    }
    let end = stop.clone();
    world.at(DAY * 7, move |_| end.stop());
    let mut ticks = 0;
    let results = world.run(both(bot.run(&stop), bot.count(&stop, &mut ticks)));

    assert!(matches!(results, (Ok(()), Ok(()))), "{results:?}");
    let texts = world.texts(org::LOBBY).into_iter().flatten();
    let echoed = texts.filter(|text| !text.starts_with("!echo"));
    assert!(echoed.eq((0..7 * 24).map(|hour| hour.to_string())), "each command has one response");
    assert_eq!(ticks, 7 * 24 * 3600 / 5 - 1);
    crate::report("a week of a command bot", started, world.requests().len());
}
