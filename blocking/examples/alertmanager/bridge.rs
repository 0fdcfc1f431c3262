use std::{sync::mpsc, time::Duration};

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

/// A webhook, and the channel for the result of saving it.
pub(crate) type Job = (Webhook, mpsc::Sender<Result<(), Error>>);

/// All messages go through the outbox, so that what is received is saved while Teamwire cannot be reached.
pub(crate) struct Bridge {
    pub(crate) client: Client,
    pub(crate) chat: ThreadId,
    /// Alerts, and messages about them, which are removed when they have been posted.
    pub(crate) outbox: Outbox<Option<Alert>>,
    pub(crate) checkpoint: StateFile,
    pub(crate) escalate_after: Duration,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Alert {
    summary: String,
    since: DateTime<Utc>,
    /// Time of the escalation, once the alert is posted; `None` after a reaction.
    due: Option<DateTime<Utc>>,
    is_resolved: bool,
}

impl Bridge {
    /// Handles webhooks, reactions and what is due, until the feed ends.
    pub(crate) fn run(&mut self, webhooks: &mpsc::Receiver<Job>, wake: &Wake) -> Result<(), Error> {
        let mut reactions = self.client.chats().reaction_updates(self.checkpoint.load()?);
        loop {
            // First what an earlier process has left: without its id, a reaction would not find its alert.
            if let Err(error) = self.escalate().and_then(|()| self.deliver()) {
                eprintln!("cannot post yet: {error}");
            }
            match reactions.next_until(wake, self.time_until_due())? {
                Next::Event(event) => self.handle(&event)?,
                Next::Woken => webhooks.try_iter().for_each(|(webhook, saved)| {
                    // The peer may have gone.
                    saved.send(self.receive(webhook)).ok();
                }),
                Next::TimedOut => {}
                Next::Ended => return Ok(()),
            }
        }
    }

    /// Saves the alerts that are new or resolved.
    pub(crate) fn receive(&mut self, webhook: Webhook) -> Result<(), Error> {
        for alert in webhook.alerts {
            let (key, summary, since) = (alert.key(), alert.summary().to_owned(), alert.starts_at);
            match (alert.status, self.outbox.get(&key)) {
                (Status::Firing, None) => {
                    let times = self.outbox.iter().filter_map(|(_, alert)| Some(alert.as_ref()?.since));
                    let graph = Upload::from_bytes("alerts.png", graph::png(times.chain([since]), since));
                    let draft = attention(&summary).attach(NewAttachment::gallery([graph])?);
                    let alert = Alert { summary, since, due: None, is_resolved: false };
                    self.outbox.add(key, &self.chat, draft, Some(alert))?;
                }
                (Status::Resolved, Some(Some(Alert { is_resolved: false, .. }))) => {
                    let mut draft = Draft::text(format!("Resolved: {summary}"));
                    draft.reply_to = self.outbox.mid(&key).cloned();
                    self.outbox.add(format!("{key}-resolved"), &self.chat, draft, None)?;
                    self.update(&key, |alert| (alert.due, alert.is_resolved) = (None, true))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn handle(&mut self, event: &FeedEvent<Reaction>) -> Result<(), Error> {
        if let Some(item) = event.item()
            && let Some(key) = self.outbox.key_of(&item.mid).map(str::to_owned)
            && let Some(Some(alert)) = self.outbox.get(&key)
        {
            let text = format!("{} reacted to {:?}: {}", item.from_user, alert.summary, item.reaction_type);
            println!("{text}");
            let draft = Draft::text(text).reply_to(&item.mid);
            self.outbox.add(format!("{}-{}", item.reaction_id, item.reaction_type), &self.chat, draft, None)?;
            self.update(&key, |alert| alert.due = None)?;
        }
        event.checkpoint().map_or(Ok(()), |checkpoint| self.checkpoint.save(checkpoint))
    }

    /// Repeats the alerts that are due, unless the feed is late, or has missed a reaction.
    fn escalate(&mut self) -> Result<(), Error> {
        while let Some((key, mid, summary)) = self.due() {
            if self.client.chats().chat(&self.chat).reactions(&mid)?.is_empty() {
                let draft = attention(&format!("No reaction yet: {summary}"));
                self.outbox.add(format!("{key}-escalated"), &self.chat, draft, None)?;
            }
            self.update(&key, |alert| alert.due = None)?;
        }
        Ok(())
    }

    fn deliver(&mut self) -> Result<(), Error> {
        while let Some(Waiting { key, chat, draft }) = self.outbox.next_waiting() {
            let message = self.client.chats().chat(chat).post(draft)?;
            let due = self.client.now().utc + self.escalate_after;
            self.update(&key, |alert| alert.due = (!alert.is_resolved).then_some(due))?;
            self.outbox.posted(&key, &message)?;
        }
        let day_ago = self.client.now().utc - TimeDelta::days(1);
        self.outbox.retain(|_, alert| alert.as_ref().is_some_and(|it| !it.is_resolved || it.since > day_ago))
    }

    fn due(&self) -> Option<(String, MessageId, String)> {
        let now = self.client.now().utc;
        self.outbox.iter().find_map(|(key, alert)| {
            let alert = alert.as_ref().filter(|alert| alert.due.is_some_and(|due| due <= now))?;
            Some((key.to_owned(), self.outbox.mid(key)?.clone(), alert.summary.clone()))
        })
    }

    /// Returns the time until something is due. What cannot be posted is tried again after a second.
    fn time_until_due(&self) -> Option<Duration> {
        let due = self.outbox.iter().filter_map(|(_, alert)| alert.as_ref()?.due).min();
        let due = due.map(|due| (due - self.client.now().utc).to_std().unwrap_or_default());
        let waiting = (self.outbox.waiting() > 0).then_some(Duration::ZERO);
        due.into_iter().chain(waiting).min().map(|time| time.max(Duration::from_secs(1)))
    }

    fn update(&mut self, key: &str, change: impl FnOnce(&mut Alert)) -> Result<(), Error> {
        self.outbox.update(key, |alert| {
            if let Some(alert) = alert {
                change(alert);
            }
        })
    }
}

fn attention(text: &str) -> Draft {
    Draft::text(text).alert(AlertType::Alert)
}
