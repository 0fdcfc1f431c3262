//! The loop of a bot that posts messages and follows the reactions to them.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use teamwire_core::{
    Client, Error, FeedEvent, Reaction,
    chrono::{DateTime, Utc},
    config::RetryPolicy,
    effect::Moment,
    executor::Portable,
    feed::Waited,
};

use super::{
    Outbox,
    catch_up::{CatchUp, Task},
    entry::Serial,
    event::OutboxEvent,
    messages::{OutboxMessages, Recorded},
    retention::{Look, Retention},
};

impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static> Outbox<T> {
    /// Posts the messages that wait and those that are added, records the reactions to them, and calls `handler` with
    /// each event, until the client is [stopped](Client::stopped_by): the whole loop of a bot that alerts people. With
    /// an asynchronous client, the result is a future.
    ///
    /// `handler` receives the messages and the event. What it changes is saved together with the event, so that a
    /// follow-up is neither lost nor made twice, also if the program is killed. It must not use the outbox itself, as
    /// in [`change`](Self::change). Other threads and tasks change the outbox meanwhile, which wakes the loop, and
    /// leave the delivery to it: their calls of [`deliver`](Self::deliver) return at once.
    ///
    /// ```
    /// use teamwire_core::{AlertType, Client, Draft, Error, Script, chrono::TimeDelta};
    /// use teamwire_std::{Outbox, OutboxEvent};
    ///
    /// /// Posts each reaction to an alert, and repeats the alert if there is none within 15 minutes.
    /// fn run(outbox: &Outbox, client: &Client<Script>) -> Result<(), Error> {
    ///     outbox.follow(client, |messages, event| match event {
    ///         OutboxEvent::Posted { key, message } if message.reply_to.is_none() => {
    ///             messages.set_due(key, message.sent_at + TimeDelta::minutes(15));
    ///         }
    ///         OutboxEvent::Rejected { key, error } => eprintln!("{key} can never be posted: {error:#}"),
    ///         OutboxEvent::Reacted { key, number, reaction } => {
    ///             messages.set_due(key, None);
    ///             let text = format!("{}: {}", reaction.from_user, reaction.reaction_type);
    ///             messages.add_reply(format!("{key}/reaction-{number}"), key, text);
    ///         }
    ///         OutboxEvent::Due { key } => {
    ///             let text = Draft::text("This needs a reaction.").alert(AlertType::Alert);
    ///             messages.add_reply(format!("{key}/repeated"), key, text);
    ///         }
    ///         _ => {}
    ///     })
    /// }
    /// # use teamwire_core::script::v1::{expect, respond, sample};
    /// # let script = Script::new()
    /// #     .on(expect::subscribe_reactions(), [respond::subscription("s1", "k0")])
    /// #     .on(expect::reaction_updates(), [
    /// #         respond::reaction_updates([sample::reaction("r1", "m1", "c1", "ok")], "k1"),
    /// #     ])
    /// #     .on(expect::reactions("c1", "m1"), [respond::empty_list()])
    /// #     .then(expect::post("c1"), respond::message(sample::alert("m1", "c1", "The database is down")))
    /// #     .then(expect::post("c1").text("Anna Berg: ok"), respond::message(sample::message("m2", "c1", "")));
    /// # let outbox = Outbox::in_memory();
    /// # let alert = Draft::text("The database is down").alert(AlertType::Alert);
    /// # outbox.change(|messages| messages.add("alarm-7", "c1", alert))?;
    /// # run(&outbox, &Client::new(script.clone()))?;
    /// # script.assert_done();
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// - Messages are [delivered](Self::deliver) one after the other, with a backoff for outages. Nothing else is done
    ///   during a post, for as long as the client's [policy](Client::with_retry) retries it.
    /// - The feed of reactions resumes where the last process of the bot was: its checkpoint is in the file of the
    ///   outbox. What the feed does not deliver is fetched, with a request for each attention message in the outbox:
    ///   after a start, after a [`Gap`](FeedEvent::Gap), after a reaction that came before the id of its message was
    ///   known, and before a message is due. A request that fails is repeated for its message, after 1 s to 60 s, and
    ///   does not delay the others.
    /// - Each reaction is reported once, with one exception: if a user changed a reaction while the bot was down or
    ///   without a connection, the feed may repeat the change.
    /// - Other feeds, and requests to other systems, have threads or tasks of their own, which change the outbox.
    /// - If the client is stopped, or the future dropped, the next call continues there, also in another process. With
    ///   [`stop_within`](teamwire_core::StopHandle::stop_within), what is being done is completed.
    ///
    /// It also returns if another program ends the reaction subscriptions of the bot.
    ///
    /// # Errors
    ///
    /// Those of [`deliver`](Self::deliver) except `Cancelled`, and errors of other requests that are not permanent and
    /// cannot [recover](Error::may_recover), such as `Auth` for a revoked key.
    pub fn follow<'a, X: Portable>(
        &'a self,
        client: &'a Client<X>,
        handler: impl FnMut(&mut OutboxMessages<T>, OutboxEvent<'_>) + Send + 'a,
    ) -> X::Run<'a, ()> {
        X::run_future(async move {
            let following = Following::start(self);
            // The loop repeats requests by itself, so that none of them delays the others for long.
            let without_retries = client.with_retry(RetryPolicy::NEVER);
            let catch_up = CatchUp::default();
            // Two loops would count the time twice.
            let retention = following.is_first.then(|| Retention::start(client.now().moment));
            let mut follower =
                Follower { outbox: self, client, without_retries, catch_up, retry_at: None, retention, handler };
            follower.run().await.or_else(Error::unless_cancelled)
        })
    }
}

/// Leaves the delivery to the loop, until it is dropped.
struct Following<'outbox, T> {
    outbox: &'outbox Outbox<T>,
    is_first: bool,
}

impl<'outbox, T> Following<'outbox, T> {
    fn start(outbox: &'outbox Outbox<T>) -> Self {
        let mut state = outbox.0.state();
        state.followers += 1;
        Self { outbox, is_first: state.followers == 1 }
    }
}

impl<T> Drop for Following<'_, T> {
    fn drop(&mut self) {
        self.outbox.0.state().followers -= 1;
    }
}

struct Follower<'a, T, X: Portable, H> {
    outbox: &'a Outbox<T>,
    client: &'a Client<X>,
    without_retries: Client<X>,
    catch_up: CatchUp,
    /// Before, nothing is delivered.
    retry_at: Option<Moment>,
    /// `None` if another loop counts the time.
    retention: Option<Retention>,
    handler: H,
}

impl<T, X, H> Follower<'_, T, X, H>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    X: Portable,
    H: FnMut(&mut OutboxMessages<T>, OutboxEvent<'_>) + Send,
{
    async fn run(&mut self) -> Result<(), Error> {
        let checkpoint = self.outbox.messages().checkpoint.clone();
        if checkpoint.is_some() {
            // It may be behind reactions to messages whose ids were not known yet. Otherwise, `Started` is the first
            // event.
            self.catch_up.restart(&self.outbox.messages());
        }
        let mut events = self.client.chats().reaction_updates(checkpoint);
        loop {
            // Before the messages are looked at, so that a later change ends the wait.
            let changed = self.outbox.0.next_change();
            if self.deliver().await? {
                continue;
            }
            let now = self.client.now();
            let wait = match self.catch_up.next(&self.outbox.messages(), now) {
                Task::Wait(time) => time,
                Task::Due(serial) => {
                    self.report_due(serial).await?;
                    continue;
                }
                Task::Fetch(serial) => {
                    if self.fetch(serial).await? {
                        continue;
                    }
                    // While requests fail, the feed is followed as well.
                    Some(Duration::ZERO)
                }
            };
            let retry_after = self.retry_at.map(|at| at.saturating_duration_since(now.moment));
            let look_after = self.expire(now.moment).await?;
            let wait = wait.into_iter().chain(retry_after).chain(look_after).min();
            match X::next_within(&mut events, wait, &changed).await? {
                Waited::Event(event) => self.handle(event).await?,
                Waited::TimedOut => {}
                Waited::Ended => return Ok(()),
            }
        }
    }

    /// Posts what waits, unless it is too early. Returns `true` if something was tried.
    async fn deliver(&mut self) -> Result<bool, Error> {
        if self.retry_at.is_some_and(|at| self.client.now().moment < at) {
            return Ok(false);
        }
        self.retry_at = None;
        if self.outbox.messages().waiting() == 0 {
            return Ok(false);
        }
        let handler = &mut self.handler;
        let delivery = self.outbox.deliver_all(self.client, |messages, key, outcome| match outcome {
            Ok(message) => handler(messages, OutboxEvent::Posted { key, message }),
            Err(error) => handler(messages, OutboxEvent::Rejected { key, error }),
        });
        let delivery = delivery.await?;
        self.retry_at = delivery.retry_after.map(|time| self.client.now().moment.saturating_add(time));
        if let Some(error) = &delivery.failure {
            self.change(|messages, handler| handler(messages, OutboxEvent::Retrying { error })).await?;
        }
        Ok(true)
    }

    /// Fetches the reactions to a message. Returns `false` if that is to be repeated.
    async fn fetch(&mut self, serial: Serial) -> Result<bool, Error> {
        let messages = self.outbox.messages();
        let Some((chat, mid)) = messages.posted_as(serial) else { return Ok(true) };
        let fetched = X::wait(self.without_retries.chats().chat(chat).reactions(mid)).await;
        let now = self.client.now();
        match fetched {
            Ok(reactions) => {
                self.catch_up.fetched(serial);
                self.change(|messages, handler| {
                    for reaction in &reactions {
                        report(messages, handler, reaction);
                    }
                    for item in reactions.undecoded() {
                        handler(messages, OutboxEvent::Undecoded { item });
                    }
                    report_due(messages, handler, serial, now.utc);
                })
                .await?;
                Ok(true)
            }
            Err(error) if error.is_permanent() => {
                self.catch_up.fetched(serial);
                self.change(|messages, handler| {
                    if let Some(key) = messages.never_due(serial) {
                        handler(messages, OutboxEvent::Unavailable { key: &key, error: &error });
                        messages.delay_due(serial, now.utc);
                    }
                })
                .await?;
                Ok(true)
            }
            Err(error) if error.may_recover() => {
                self.catch_up.failed(serial, now.moment, &error);
                self.change(|messages, handler| handler(messages, OutboxEvent::Retrying { error: &error })).await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the messages whose retention is over. Returns the time until the next look at them.
    async fn expire(&mut self, now: Moment) -> Result<Option<Duration>, Error> {
        let retention = self.outbox.0.state().retention;
        let Some((counter, retention)) = self.retention.as_mut().zip(retention) else { return Ok(None) };
        match counter.next(retention, now) {
            Look::After(time) => Ok(Some(time)),
            Look::Now(interval) => {
                self.outbox.apply_on(self.client, |messages| messages.expire(retention, interval)).await?;
                Ok(Some(interval))
            }
        }
    }

    async fn report_due(&mut self, serial: Serial) -> Result<(), Error> {
        let now = self.client.now().utc;
        self.change(|messages, handler| report_due(messages, handler, serial, now)).await
    }

    /// Handles an event of the feed, and saves its checkpoint with the outcome.
    async fn handle(&mut self, event: FeedEvent<Reaction>) -> Result<(), Error> {
        if matches!(event, FeedEvent::Started(_) | FeedEvent::Gap(_)) {
            self.catch_up.restart(&self.outbox.messages());
        }
        let suspects = self
            .change(|messages, handler| {
                let is_known = event.item().is_none_or(|reaction| report(messages, handler, reaction));
                match &event {
                    FeedEvent::Retrying(failure) => {
                        handler(messages, OutboxEvent::Retrying { error: &failure.error });
                    }
                    FeedEvent::Undecoded { item, .. } => handler(messages, OutboxEvent::Undecoded { item }),
                    _ => {}
                }
                messages.reach(event.checkpoint());
                // At this moment: another thread may deliver them.
                if is_known { Vec::new() } else { messages.all_waiting().collect() }
            })
            .await?;
        self.catch_up.suspect(suspects);
        Ok(())
    }

    async fn change<R: Send>(
        &mut self,
        change: impl FnOnce(&mut OutboxMessages<T>, &mut H) -> R + Send,
    ) -> Result<R, Error> {
        let handler = &mut self.handler;
        self.outbox.apply_on(self.client, |messages| change(messages, handler)).await
    }
}

/// Records a reaction, and reports it if it is news. Returns `false` if its message is not known.
fn report<T: Clone>(
    messages: &mut OutboxMessages<T>,
    handler: &mut impl FnMut(&mut OutboxMessages<T>, OutboxEvent<'_>),
    reaction: &Reaction,
) -> bool {
    match messages.record(reaction) {
        Recorded::News { key, number } => handler(messages, OutboxEvent::Reacted { key: &key, number, reaction }),
        Recorded::Known => {}
        Recorded::Unknown => return false,
    }
    true
}

/// Reports that a message is due, unless that has changed.
fn report_due<T: Clone + Serialize>(
    messages: &mut OutboxMessages<T>,
    handler: &mut impl FnMut(&mut OutboxMessages<T>, OutboxEvent<'_>),
    serial: Serial,
    now: DateTime<Utc>,
) {
    if let Some(key) = messages.take_due(serial, now) {
        handler(messages, OutboxEvent::Due { key: &key });
        messages.delay_due(serial, now);
    }
}
