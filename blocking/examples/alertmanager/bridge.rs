use std::{mem, time::Duration};

use serde::{Deserialize, Serialize};
use teamwire_blocking::{
    AlertType, Checkpoint, Client, Draft, Error, FeedEvent, Next, Outbox, OutboxEntry, Reaction, StateFile, Wake,
    chrono::{DateTime, TimeDelta, Utc},
    model::{NewAttachment, ThreadId, Upload},
};

use crate::{
    graph,
    webhook::{Status, Webhook},
};

/// All messages go through the outbox, so that what is received is saved while Teamwire cannot be reached.
pub(crate) struct Bridge {
    pub(crate) client: Client,
    pub(crate) chat: ThreadId,
    pub(crate) outbox: Outbox<Alert>,
    pub(crate) checkpoint: StateFile,
    pub(crate) escalate_after: Duration,
    pub(crate) wake: Wake,
}

/// Data of an alert. Messages about it have none.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Alert {
    since: DateTime<Utc>,
    received_at: DateTime<Utc>,
    needs_reaction: bool,
    resolved_at: Option<DateTime<Utc>>,
}

impl Alert {
    fn is_kept(&self, now: DateTime<Utc>) -> bool {
        self.resolved_at.map_or(now - self.received_at < MAX_AGE, |at| now - at < TimeDelta::days(1))
    }
}

/// Time after which an alert is forgotten, unless it is resolved: one that still fires then is posted again.
const MAX_AGE: TimeDelta = TimeDelta::days(30);

/// Reactions that the feed may have missed, or delivered before the id of their message was known.
#[derive(Default)]
struct CatchUp {
    is_due: bool,
    /// A delivery has failed: a message that it did not confirm may be in the chat.
    follows_next_post: bool,
}

impl Bridge {
    /// Posts, and handles reactions and what is due, until the feed ends.
    pub(crate) fn run(&self) -> Result<(), Error> {
        let checkpoint: Option<Checkpoint> = self.checkpoint.load()?;
        let mut catch_up = CatchUp { is_due: checkpoint.is_some(), ..CatchUp::default() };
        let mut reactions = self.client.chats().reaction_updates(checkpoint);
        loop {
            let wait = self.work(&mut catch_up)?;
            match reactions.next_until(&self.wake, wait)? {
                Next::Event(event) => {
                    catch_up.is_due |= matches!(event, FeedEvent::Started(_) | FeedEvent::Gap(_));
                    event.item().map_or(Ok(()), |reaction| self.report(reaction))?;
                    event.checkpoint().map_or(Ok(()), |checkpoint| self.checkpoint.save(checkpoint))?;
                }
                Next::Woken | Next::TimedOut => {}
                Next::Ended => return Ok(()),
            }
        }
    }

    /// Saves the alerts that are new or resolved, and wakes the loop, which posts them.
    pub(crate) fn receive(&self, webhook: &Webhook) -> Result<(), Error> {
        let (now, mut drafts) = (self.client.now().utc, Vec::new());
        for alert in &webhook.alerts {
            let past = self.outbox.messages();
            let times = past.iter().filter_map(|it| Some(it.data?.since)).chain([alert.starts_at]);
            let graph = Upload::from_bytes("alerts.png", graph::png(times, alert.starts_at));
            drafts.push(attention(alert.summary()).attach(NewAttachment::gallery([graph])?));
        }
        self.outbox.change(|messages| {
            for (alert, draft) in webhook.alerts.iter().zip(drafts) {
                let key = alert.key();
                match alert.status {
                    Status::Firing => {
                        let (since, received_at) = (alert.starts_at, now);
                        let data = Alert { since, received_at, needs_reaction: true, resolved_at: None };
                        messages.add_with(key, &self.chat, draft, data);
                    }
                    Status::Resolved => {
                        messages.add_reply(format!("{key}-resolved"), &key, "Resolved");
                        messages.update(&key, |alert| (alert.needs_reaction, alert.resolved_at) = (false, Some(now)));
                    }
                }
            }
        })?;
        self.wake.wake();
        Ok(())
    }

    /// Posts what waits, and escalates what is due. Returns the time until there is something to do again.
    fn work(&self, catch_up: &mut CatchUp) -> Result<Option<Duration>, Error> {
        // First what an earlier process has left: without its id, a reaction would not find its alert.
        let delivery = self.outbox.deliver(&self.client, |_, key, outcome| {
            if let Err(error) = outcome {
                eprintln!("{key} can never be posted: {error}");
            }
        })?;
        if let Some(error) = &delivery.failure {
            eprintln!("cannot post yet: {error}");
        }
        catch_up.is_due |= delivery.posted > 0 && mem::take(&mut catch_up.follows_next_post);
        catch_up.follows_next_post |= delivery.failure.is_some();
        let is_due = |it: &OutboxEntry<'_, Alert>| self.due(it).is_some_and(|due| due <= self.client.now().utc);
        let is_open = |it: &OutboxEntry<'_, Alert>| it.data.is_some_and(|alert| alert.resolved_at.is_none());
        let missed = self.outbox.missed_reactions(&self.client, |it| is_due(it) || catch_up.is_due && is_open(it));
        let missed = match missed {
            Err(error) if error.is_transient() => return Ok(Some(Duration::from_secs(15))),
            missed => missed?,
        };
        catch_up.is_due = false;
        missed.reactions.iter().try_for_each(|reaction| self.report(reaction))?;
        let now = self.client.now().utc;
        self.outbox.change(|messages| {
            // They have been deleted, for instance: they need no reaction any more.
            missed.unavailable.iter().for_each(|(key, _)| messages.update(key, |alert| alert.needs_reaction = false));
            let due: Vec<_> = messages.iter().filter(is_due).map(|it| it.key.to_owned()).collect();
            for key in due {
                messages.add_reply(format!("{key}-escalated"), &key, attention("No reaction yet"));
                messages.update(&key, |alert| alert.needs_reaction = false);
            }
            messages.retain(|it| it.data.is_some_and(|alert| alert.is_kept(now)));
        })?;
        let messages = self.outbox.messages();
        let again = (delivery.retry_after.is_none() && messages.waiting() > 0).then_some(Duration::ZERO);
        let due = messages.iter().filter_map(|it| Some(self.client.time_until(self.due(&it)?)));
        Ok(due.chain(again).chain(delivery.retry_after).min())
    }

    /// Returns the time at which an alert is escalated: that of the posted ones without a reaction; `None` if it is too
    /// far away for a calendar.
    fn due(&self, alert: &OutboxEntry<'_, Alert>) -> Option<DateTime<Utc>> {
        let is_open = alert.data.is_some_and(|data| data.needs_reaction) && alert.reactions.is_empty();
        let escalate_after = TimeDelta::from_std(self.escalate_after).ok()?;
        alert.sent_at.filter(|_| is_open)?.checked_add_signed(escalate_after)
    }

    /// Posts who has reacted, once.
    fn report(&self, reaction: &Reaction) -> Result<(), Error> {
        self.outbox.change(|messages| {
            if let Some(recorded) = messages.record(reaction) {
                let text = format!("{} reacted: {}", reaction.from_user, reaction.reaction_type);
                println!("{text}");
                messages.add_reply(format!("{}-reaction-{}", recorded.key, recorded.number), &recorded.key, text);
            }
        })
    }
}

fn attention(text: &str) -> Draft {
    Draft::text(text).alert(AlertType::Alert)
}
