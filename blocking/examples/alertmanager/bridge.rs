use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use teamwire_blocking::{
    AlertType, Client, Draft, Error, FeedEvent, Next, Outbox, OutboxEntry, Reaction, StateFile, Waiting, Wake,
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
    summary: String,
    since: DateTime<Utc>,
    needs_reaction: bool,
    is_resolved: bool,
}

struct Open {
    key: String,
    mid: MessageId,
    due: DateTime<Utc>,
    summary: String,
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
        self.outbox().change(|outbox| {
            for alert in webhook.alerts {
                let (key, summary, since) = (alert.key(), alert.summary().to_owned(), alert.starts_at);
                match alert.status {
                    Status::Firing => {
                        let times = outbox.iter().filter_map(|entry| Some(entry.data?.since));
                        let graph = Upload::from_bytes("alerts.png", graph::png(times.chain([since]), since));
                        let draft = attention(&summary).attach(NewAttachment::gallery([graph])?);
                        let alert = Alert { summary, since, needs_reaction: true, is_resolved: false };
                        outbox.add_with(key, &self.chat, draft, alert)?;
                    }
                    Status::Resolved => {
                        outbox.add_reply(format!("{key}-resolved"), &key, format!("Resolved: {summary}"))?;
                        outbox.update(&key, |alert| (alert.needs_reaction, alert.is_resolved) = (false, true))?;
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
            && let Some(alert) = entry.data
        {
            let text = format!("{} reacted to {:?}: {}", item.from_user, alert.summary, item.reaction_type);
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
        for Open { key, mid, summary, .. } in self.open().into_iter().filter(|alert| alert.due <= now) {
            let has_reaction = !self.client.chats().chat(&self.chat).reactions(&mid)?.is_empty();
            self.outbox().change(|outbox| {
                if !has_reaction {
                    let draft = attention(&format!("No reaction yet: {summary}"));
                    outbox.add(format!("{key}-escalated"), &self.chat, draft)?;
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
        self.outbox().retain(|entry| entry.data.is_some_and(|alert| !alert.is_resolved || alert.since > day_ago))
    }

    /// Returns the alerts that are posted and need a reaction.
    fn open(&self) -> Vec<Open> {
        let open = |entry: OutboxEntry<'_, Alert>| {
            let alert = entry.data.filter(|alert| alert.needs_reaction)?;
            let (key, mid, due) = (entry.key.to_owned(), entry.mid?.clone(), entry.sent_at? + self.escalate_after);
            Some(Open { key, mid, due, summary: alert.summary.clone() })
        };
        self.outbox().iter().filter_map(open).collect()
    }

    /// Returns the time until something is due, at least a second. What cannot be posted is tried again then.
    fn time_until_due(&self) -> Option<Duration> {
        let now = self.client.now().utc;
        let due = self.open().into_iter().map(|alert| alert.due);
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
