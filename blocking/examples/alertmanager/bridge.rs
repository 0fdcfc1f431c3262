use serde::{Deserialize, Serialize};
use teamwire_blocking::{
    AlertType, Client, Draft, Error, Outbox, OutboxEntry, OutboxEvent, OutboxMessages,
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
    pub(crate) escalate_after: TimeDelta,
}

/// Data of an alert. Messages about it have none.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Alert {
    since: DateTime<Utc>,
    received_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
}

impl Bridge {
    /// Posts what is received, reports reactions and escalates, until the client is stopped.
    pub(crate) fn run(&self) -> Result<(), Error> {
        self.outbox.follow(&self.client, |messages, event| match event {
            OutboxEvent::Posted { key, message } if is_open(messages, key) => {
                // If that is too far away for a calendar, never.
                messages.set_due(key, message.sent_at.checked_add_signed(self.escalate_after));
            }
            OutboxEvent::Rejected { key, error } => eprintln!("{key} can never be posted: {error}"),
            OutboxEvent::Reacted { key, number, reaction } => {
                messages.set_due(key, None);
                let text = format!("{} reacted: {}", reaction.from_user, reaction.reaction_type);
                println!("{text}");
                messages.add_reply(format!("{key}-reaction-{number}"), key, text);
            }
            OutboxEvent::Due { key } => {
                messages.add_reply(format!("{key}-escalated"), key, attention("No reaction yet"));
            }
            OutboxEvent::Retrying { error } => eprintln!("to be repeated: {error}"),
            _ => {}
        })
    }

    /// Saves the alerts that are new or resolved. That wakes the loop, which posts them.
    pub(crate) fn receive(&self, webhook: &Webhook) -> Result<(), Error> {
        let now = self.client.now().utc;
        self.outbox.change(|messages| {
            messages.retain(|it| is_kept(&it, now));
            for alert in &webhook.alerts {
                let key = alert.key();
                match alert.status {
                    Status::Firing => {
                        let past = messages.iter().filter_map(|it| Some(it.data?.since));
                        let graph = graph::png(past.chain([alert.starts_at]), alert.starts_at);
                        let graph = NewAttachment::gallery([Upload::from_bytes("alerts.png", graph)])?;
                        let data = Alert { since: alert.starts_at, received_at: now, resolved_at: None };
                        messages.add_with(key, &self.chat, attention(alert.summary()).attach(graph), data);
                    }
                    Status::Resolved => {
                        messages.add_reply(format!("{key}-resolved"), &key, "Resolved");
                        messages.update(&key, |alert| alert.resolved_at = Some(now));
                        messages.set_due(&key, None);
                    }
                }
            }
            Ok(())
        })?
    }
}

/// Returns `true` for an alert that is not resolved.
fn is_open(messages: &OutboxMessages<Alert>, key: &str) -> bool {
    messages.entry(key).and_then(|it| it.data).is_some_and(|alert| alert.resolved_at.is_none())
}

/// Messages are kept for a day, and alerts until a day after they are resolved. One that still fires after a month is
/// posted again.
fn is_kept(message: &OutboxEntry<'_, Alert>, now: DateTime<Utc>) -> bool {
    let (since, days) = match message.data {
        Some(alert) => alert.resolved_at.map_or((Some(alert.received_at), 30), |at| (Some(at), 1)),
        None => (message.sent_at, 1),
    };
    since.is_some_and(|since| now - since < TimeDelta::days(days))
}

fn attention(text: &str) -> Draft {
    Draft::text(text).alert(AlertType::Alert)
}
