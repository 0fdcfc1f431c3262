use std::time::Duration;

use teamwire_blocking::{
    AlertType, Client, Draft, Error, Outbox, OutboxEvent,
    chrono::{DateTime, Utc},
    model::{NewAttachment, ThreadId, Upload},
};

use crate::{graph, webhook::Webhook};

/// All messages go through the outbox, so that what is received is saved while Teamwire cannot be reached.
pub(crate) struct Bridge {
    pub(crate) client: Client,
    pub(crate) chat: ThreadId,
    /// The alerts, with the times since which they fire, and messages about them.
    pub(crate) outbox: Outbox<DateTime<Utc>>,
    pub(crate) escalate_after: Duration,
}

impl Bridge {
    /// Posts what is received, reports reactions and escalates, until the client is stopped.
    pub(crate) fn run(&self) -> Result<(), Error> {
        self.outbox.follow(&self.client, |messages, event| match event {
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
        self.outbox.change(|messages| {
            for alert in &webhook.alerts {
                let key = alert.key();
                // An alert of a status that is not known is rather posted than lost.
                if alert.status == "resolved" {
                    messages.add_reply(format!("{key}-resolved"), &key, "Resolved");
                    messages.set_due(&key, None);
                    continue;
                }
                let starts = messages.iter().filter_map(|it| it.data.copied()).chain([alert.starts_at]);
                let graph = Upload::from_bytes("alerts.png", graph::png(starts, alert.starts_at));
                let draft = attention(alert.summary()).attach(NewAttachment::image(graph));
                if messages.add_with(&key, &self.chat, draft, alert.starts_at) {
                    messages.set_due_after(&key, self.escalate_after);
                }
            }
        })
    }
}

fn attention(text: &str) -> Draft {
    Draft::text(text).alert(AlertType::Alert)
}
