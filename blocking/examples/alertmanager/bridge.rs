use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use teamwire_blocking::{
    AlertType, Client, Draft, Error, FeedEvent, Next, Outbox, Reaction, StateFile, Waiting, Wake,
    chrono::{DateTime, TimeDelta, Utc},
    model::{MessageId, NewAttachment, ThreadId, Upload},
};

use crate::{
    graph,
    webhook::{Status, Webhook},
};

/// All messages go through the outbox, so that what is received is saved while Teamwire cannot be reached.
pub(crate) struct Bridge {
    pub(crate) client: Client,
    pub(crate) chat: ThreadId,
    /// Alerts, and messages about them, which have no data. Not locked during a request.
    pub(crate) outbox: Mutex<Outbox<Alert>>,
    pub(crate) checkpoint: StateFile,
    pub(crate) escalate_after: Duration,
    pub(crate) wake: Wake,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Alert {
    since: DateTime<Utc>,
    needs_reaction: bool,
    resolved_at: Option<DateTime<Utc>>,
}

impl Bridge {
    /// Posts, and handles reactions and what is due, until the feed ends.
    pub(crate) fn run(&self) -> Result<(), Error> {
        let mut reactions = self.client.chats().reaction_updates(self.checkpoint.load()?);
        loop {
            // First what an earlier process has left: without its id, a reaction would not find its alert.
            if let Err(error) = self.escalate().and_then(|()| self.deliver()) {
                eprintln!("cannot post yet: {error}");
            }
            match reactions.next_until(&self.wake, self.time_until_due())? {
                Next::Event(event) => self.handle(&event)?,
                Next::Woken | Next::TimedOut => {}
                Next::Ended => return Ok(()),
            }
        }
    }

    /// Saves the alerts that are new or resolved, and wakes the loop, which posts them.
    pub(crate) fn receive(&self, webhook: Webhook) -> Result<(), Error> {
        let now = self.client.now().utc;
        self.outbox().change(|outbox| {
            for alert in webhook.alerts {
                let (key, since) = (alert.key(), alert.starts_at);
                match alert.status {
                    Status::Firing => {
                        let times = outbox.iter().filter_map(|entry| Some(entry.data?.since));
                        let graph = Upload::from_bytes("alerts.png", graph::png(times.chain([since]), since));
                        let draft = attention(alert.summary()).attach(NewAttachment::gallery([graph])?);
                        let alert = Alert { since, needs_reaction: true, resolved_at: None };
                        outbox.add_with(key, &self.chat, draft, alert)?;
                    }
                    Status::Resolved => {
                        outbox.add_reply(format!("{key}-resolved"), &key, "Resolved")?;
                        outbox.update(&key, |alert| (alert.needs_reaction, alert.resolved_at) = (false, Some(now)))?;
                    }
                }
            }
            Ok::<(), Error>(())
        })?;
        self.wake.wake();
        Ok(())
    }

    fn handle(&self, event: &FeedEvent<Reaction>) -> Result<(), Error> {
        let mut outbox = self.outbox();
        if let Some(item) = event.item()
            && let Some(entry) = outbox.entry_of(&item.mid)
            && entry.data.is_some()
        {
            let text = format!("{} reacted: {}", item.from_user, item.reaction_type);
            println!("{text}");
            let (key, reply) = (entry.key.to_owned(), format!("{}-{}", item.reaction_id, item.reaction_type));
            outbox.change(|outbox| {
                outbox.add_reply(reply, &key, text)?;
                outbox.update(&key, |alert| alert.needs_reaction = false)
            })?;
        }
        event.checkpoint().map_or(Ok(()), |checkpoint| self.checkpoint.save(checkpoint))
    }

    /// Repeats the alerts that are due, unless the feed is late, or has missed a reaction.
    fn escalate(&self) -> Result<(), Error> {
        let now = self.client.now().utc;
        for (_, key, chat, mid) in self.open().into_iter().filter(|(due, ..)| *due <= now) {
            let has_reaction = match self.client.chats().chat(chat).reactions(&mid) {
                Ok(reactions) => !reactions.is_empty(),
                // The alert has been deleted, for instance: it needs no reaction any more.
                Err(error) if error.is_permanent() => true,
                Err(error) => return Err(error),
            };
            self.outbox().change(|outbox| {
                // It may have been resolved meanwhile.
                let is_open = outbox.entry(&key).and_then(|it| it.data).is_some_and(|alert| alert.needs_reaction);
                if is_open && !has_reaction {
                    outbox.add_reply(format!("{key}-escalated"), &key, attention("No reaction yet"))?;
                }
                outbox.update(&key, |alert| alert.needs_reaction = false)
            })?;
        }
        Ok(())
    }

    /// Posts what waits, and forgets the alerts of yesterday.
    fn deliver(&self) -> Result<(), Error> {
        loop {
            let next = self.outbox().next_waiting();
            let Some(Waiting { key, chat, draft }) = next else { break };
            let outcome = self.client.chats().chat(chat).post(draft);
            if let Err(error) = self.outbox().settle(&key, outcome)? {
                eprintln!("{key} can never be posted: {error}");
            }
        }
        let day_ago = self.client.now().utc - TimeDelta::days(1);
        self.outbox().retain(|entry| entry.data.is_some_and(|alert| alert.resolved_at.is_none_or(|at| at > day_ago)))
    }

    /// Returns the posted alerts that need a reaction: time of the escalation, key, chat and id.
    fn open(&self) -> Vec<(DateTime<Utc>, String, ThreadId, MessageId)> {
        let outbox = self.outbox();
        let open = outbox.iter().filter(|entry| entry.data.is_some_and(|alert| alert.needs_reaction));
        open.filter_map(|it| {
            let due = it.sent_at? + self.escalate_after;
            Some((due, it.key.to_owned(), it.chat.clone(), it.mid?.clone()))
        })
        .collect()
    }

    /// Returns the time until something is due, at least a second. What cannot be posted is tried again then.
    fn time_until_due(&self) -> Option<Duration> {
        let now = self.client.now().utc;
        let due = self.open().into_iter().map(|(due, ..)| due);
        let retry = (self.outbox().waiting() > 0).then_some(now);
        let next = due.chain(retry).min()?;
        Some((next - now).to_std().unwrap_or_default().max(Duration::from_secs(1)))
    }

    pub(crate) fn outbox(&self) -> MutexGuard<'_, Outbox<Alert>> {
        self.outbox.lock().expect("no thread panics with the lock")
    }
}

fn attention(text: &str) -> Draft {
    Draft::text(text).alert(AlertType::Alert)
}
