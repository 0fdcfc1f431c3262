//! The messages that wait for a person: unread ones, and alerts without a reaction.

use serde_json::{Value, json};

use crate::world::{
    contract::problem::Problem,
    state::{
        World,
        chat::Chat,
        message::{AlertType, Message},
    },
};

/// The messages of a chat that wait for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// The number of unread messages, without deleted ones and those of the person.
    pub(crate) unread: usize,
    /// The alerts of others that the person can react to and has not, oldest first.
    pub(crate) alerts: Vec<String>,
}

impl Chat {
    /// The messages that wait for a member.
    pub(crate) fn waiting_for(&self, uid: &str) -> Waiting {
        let read = self.read.get(uid).copied().unwrap_or(0);
        let is_of_others = |message: &&Message| message.from != uid && !message.deleted;
        let unread = self.messages.get(read..).unwrap_or_default().iter().filter(is_of_others).count();
        Waiting { unread, alerts: self.alerts_for(uid).map(|message| message.mid.clone()).collect() }
    }

    fn alerts_for<'c>(&'c self, uid: &'c str) -> impl Iterator<Item = &'c Message> {
        // Nobody can react in a closed chat.
        let messages = if self.is_closed { &[][..] } else { &self.messages[..] };
        messages.iter().filter(move |message| {
            message.alert_type == Some(AlertType::Alert)
                && !message.deleted
                && message.from != uid
                && !message.reactions.iter().any(|reaction| reaction.from == uid)
        })
    }
}

impl World {
    /// The alerts that wait for a person in all chats, oldest first.
    pub(crate) fn alerts_view(&self, uid: &str) -> Result<Vec<Value>, Problem> {
        self.require_person(uid)?;
        let mut alerts = Vec::new();
        for chat in self.chats_of(uid) {
            let indexed = chat.messages.iter().enumerate();
            let mids: Vec<_> = chat.alerts_for(uid).map(|message| &message.mid).collect();
            let waiting = indexed.filter(|(_, message)| mids.contains(&&message.mid));
            alerts.extend(waiting.map(|(index, message)| (message.timestamp, self.message_view(chat, index))));
        }
        alerts.sort_by_key(|(timestamp, _)| *timestamp);
        Ok(alerts.into_iter().map(|(_, message)| message).collect())
    }

    /// The numbers of unread messages and of alerts that wait for each person in all chats.
    pub(crate) fn badges_view(&self) -> Value {
        let people = self.directory.users.iter().filter(|(_, user)| user.is_active && !user.is_bot);
        let badge = |uid: &str| {
            let (mut unread, mut alerts) = (0, 0);
            for chat in self.chats.values().filter(|chat| chat.is_member(&self.directory, uid)) {
                let waiting = chat.waiting_for(uid);
                unread += waiting.unread;
                alerts += waiting.alerts.len();
            }
            json!({ "unread": unread, "alerts": alerts })
        };
        people.map(|(uid, _)| (uid.clone(), badge(uid))).collect::<serde_json::Map<_, _>>().into()
    }
}
