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
    /// Alerts, and messages about them, which are removed when they have been posted. Not locked during a request.
    pub(crate) outbox: Mutex<Messages>,
    pub(crate) checkpoint: StateFile,
    pub(crate) escalate_after: Duration,
    pub(crate) wake: Wake,
}

type Messages = Outbox<Option<Alert>>;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Alert {
    summary: String,
    since: DateTime<Utc>,
    /// Time of the escalation, once the alert is posted; `None` after a reaction.
    due: Option<DateTime<Utc>>,
    is_resolved: bool,
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
                match (alert.status, outbox.entry(&key).map(|entry| entry.data)) {
                    (Status::Firing, None) => {
                        let times = outbox.iter().filter_map(|entry| Some(entry.data.as_ref()?.since));
                        let graph = Upload::from_bytes("alerts.png", graph::png(times.chain([since]), since));
                        let draft = attention(&summary).attach(NewAttachment::gallery([graph])?);
                        let alert = Alert { summary, since, due: None, is_resolved: false };
                        outbox.add(key, &self.chat, draft, Some(alert))?;
                    }
                    (Status::Resolved, Some(Some(Alert { is_resolved: false, .. }))) => {
                        outbox.add_reply(format!("{key}-resolved"), &key, format!("Resolved: {summary}"), None)?;
                        update(outbox, &key, |alert| (alert.due, alert.is_resolved) = (None, true))?;
                    }
                    _ => {}
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
                outbox.add_reply(reply, &key, text, None)?;
                update(outbox, &key, |alert| alert.due = None)
            })?;
        }
        event.checkpoint().map_or(Ok(()), |checkpoint| self.checkpoint.save(checkpoint))
    }

    /// Repeats the alerts that are due, unless the feed is late, or has missed a reaction.
    fn escalate(&self) -> Result<(), Error> {
        while let Some((key, mid, summary)) = self.due() {
            let is_open = self.client.chats().chat(&self.chat).reactions(&mid)?.is_empty();
            self.outbox().change(|outbox| {
                if is_open {
                    let draft = attention(&format!("No reaction yet: {summary}"));
                    outbox.add(format!("{key}-escalated"), &self.chat, draft, None)?;
                }
                update(outbox, &key, |alert| alert.due = None)
            })?;
        }
        Ok(())
    }

    fn deliver(&self) -> Result<(), Error> {
        loop {
            let next = self.outbox().next_waiting();
            let Some(Waiting { key, chat, draft }) = next else { break };
            match self.client.chats().chat(chat).post(draft) {
                Ok(message) => self.outbox().change(|outbox| {
                    let due = self.client.now().utc + self.escalate_after;
                    update(outbox, &key, |alert| alert.due = (!alert.is_resolved).then_some(due))?;
                    outbox.posted(&key, &message)
                })?,
                Err(error) if error.is_permanent() => {
                    eprintln!("{key} cannot be posted: {error}");
                    self.outbox().rejected(&key)?;
                }
                Err(error) => return Err(error),
            }
        }
        let day_ago = self.client.now().utc - TimeDelta::days(1);
        self.outbox().retain(|entry| entry.data.as_ref().is_some_and(|it| !it.is_resolved || it.since > day_ago))
    }

    fn due(&self) -> Option<(String, MessageId, String)> {
        let now = self.client.now().utc;
        self.outbox().iter().find_map(|entry| {
            let alert = entry.data.as_ref().filter(|alert| alert.due.is_some_and(|due| due <= now))?;
            Some((entry.key.to_owned(), entry.mid?.clone(), alert.summary.clone()))
        })
    }

    /// Returns the time until something is due. What cannot be posted is tried again after a second.
    fn time_until_due(&self) -> Option<Duration> {
        let (outbox, now) = (self.outbox(), self.client.now().utc);
        let due = outbox.iter().filter_map(|entry| entry.data.as_ref()?.due).min();
        let due = due.map(|due| (due - now).to_std().unwrap_or_default());
        let waiting = (outbox.waiting() > 0).then_some(Duration::ZERO);
        due.into_iter().chain(waiting).min().map(|time| time.max(Duration::from_secs(1)))
    }

    pub(crate) fn outbox(&self) -> MutexGuard<'_, Messages> {
        self.outbox.lock().expect("no thread panics with the lock")
    }
}

fn update(outbox: &mut Messages, key: &str, change: impl FnOnce(&mut Alert)) -> Result<(), Error> {
    outbox.update(key, |alert| {
        if let Some(alert) = alert {
            change(alert);
        }
    })
}

fn attention(text: &str) -> Draft {
    Draft::text(text).alert(AlertType::Alert)
}
