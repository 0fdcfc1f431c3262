use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use teamwire_blocking::{
    AlertType, Chat, Client, Draft, Error, FeedEvent, Reaction, StateFile,
    feed::Waited,
    model::{NewAttachment, Upload},
};

use crate::{
    graph,
    state::{Open, State},
    webhook::{Status, Webhook},
};

pub(crate) struct Bridge {
    client: Client,
    chat: Chat,
    escalate_after: Duration,
    file: StateFile,
    /// Locked for as long as it takes to handle an event and to save the state, so that a reaction finds its alert.
    state: Mutex<State>,
}

impl Bridge {
    pub(crate) fn new(client: &Client, chat: &Chat, file: StateFile, escalate_after: Duration) -> Result<Self, Error> {
        let state = Mutex::new(file.load()?.unwrap_or_default());
        Ok(Self { client: client.clone(), chat: chat.clone(), escalate_after, file, state })
    }

    /// Posts the alerts that are new or resolved.
    pub(crate) fn receive(&self, webhook: Webhook) -> Result<(), Error> {
        let mut state = self.state();
        for alert in webhook.alerts {
            let (key, summary) = (alert.key(), alert.summary());
            match (alert.status, state.alerts.get(&key)) {
                (Status::Firing, None) => {
                    let recent = state.recent_with(alert.starts_at);
                    let graph = Upload::from_bytes("alerts.png", graph::png(&recent, alert.starts_at));
                    let draft = attention(summary).attach(NewAttachment::gallery([graph])?);
                    let mid = self.chat.post(draft.idempotency_key(&key))?.mid;
                    let due = Some(self.client.now().utc + self.escalate_after);
                    state.alerts.insert(key, Open { mid, summary: summary.to_owned(), due });
                    state.recent = recent;
                }
                (Status::Resolved, Some(open)) => {
                    let text = format!("Resolved: {}", open.summary);
                    let draft = Draft::text(text).reply_to(&open.mid).idempotency_key(format!("{key}-resolved"));
                    self.chat.post(draft)?;
                    state.alerts.remove(&key);
                }
                _ => continue,
            }
            self.file.save(&*state)?;
        }
        Ok(())
    }

    /// Handles reactions from the saved checkpoint on, and repeats alerts that are due, until the feed ends.
    pub(crate) fn follow_reactions(&self) -> Result<(), Error> {
        let checkpoint = self.state().checkpoint.clone();
        let mut reactions = self.client.chats().reaction_updates(checkpoint);
        loop {
            match reactions.next_timeout(self.time_until_due())? {
                Waited::Event(event) => self.handle(&event)?,
                Waited::TimedOut => {}
                Waited::Ended => return Ok(()),
            }
            if let Err(error) = self.escalate() {
                eprintln!("cannot escalate yet: {error}");
            }
        }
    }

    /// Returns the time until an alert is due at the earliest: one that arrives meanwhile is not due before either.
    fn time_until_due(&self) -> Duration {
        let (now, state) = (self.client.now().utc, self.state());
        let left = state.next_due().map_or(self.escalate_after, |due| (due - now).to_std().unwrap_or_default());
        // If it cannot be posted, it is tried again after a second.
        left.min(self.escalate_after).max(Duration::from_secs(1))
    }

    fn handle(&self, event: &FeedEvent<Reaction>) -> Result<(), Error> {
        let mut state = self.state();
        match event {
            FeedEvent::Update { item, .. } => {
                if let Some(open) = state.alerts.values_mut().find(|open| open.mid == item.mid) {
                    let text = format!("{} reacted to {:?}: {}", item.from_user, open.summary, item.reaction_type);
                    println!("{text}");
                    let key = format!("{}-{}", item.reaction_id, item.reaction_type);
                    self.chat.post(Draft::text(text).reply_to(&item.mid).idempotency_key(key))?;
                    open.due = None;
                }
            }
            FeedEvent::Retrying(failure) => eprintln!("attempt {} failed: {}", failure.attempt, failure.error),
            _ => {}
        }
        match event.checkpoint() {
            Some(checkpoint) => {
                state.checkpoint = Some(checkpoint.clone());
                self.file.save(&*state)
            }
            None => Ok(()),
        }
    }

    /// Repeats the alerts that are due.
    pub(crate) fn escalate(&self) -> Result<(), Error> {
        let (now, mut state) = (self.client.now().utc, self.state());
        let is_due = |open: &Open| open.due.is_some_and(|due| due <= now);
        while let Some((key, open)) = state.alerts.iter_mut().find(|(_, open)| is_due(open)) {
            // The feed may be late, or may have missed a reaction.
            if self.chat.reactions(&open.mid)?.is_empty() {
                let draft = attention(&format!("No reaction yet: {}", open.summary));
                self.chat.post(draft.idempotency_key(format!("{key}-escalated")))?;
            }
            open.due = None;
            self.file.save(&*state)?;
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn attention(text: &str) -> Draft {
    Draft::text(text).alert(AlertType::Alert)
}
