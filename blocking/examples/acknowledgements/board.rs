use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use teamwire_blocking::{
    Chat, Error, Events, FeedEvent, Reaction, ReactionType, User,
    feed::Poller,
    model::{MessageId, UserId},
};

use crate::page::escaped;

/// The alert, and the reaction of each member.
pub(crate) struct Board {
    mid: MessageId,
    text: String,
    rows: Mutex<Rows>,
}

/// The reactions by name, and by id for users of the same name.
type Rows = BTreeMap<(String, UserId), Option<ReactionType>>;

impl Board {
    pub(crate) fn new(mid: &MessageId, text: &str, members: impl IntoIterator<Item = User>) -> Self {
        let rows = members.into_iter().map(|user| (row(&user), None)).collect();
        Self { mid: mid.clone(), text: text.to_owned(), rows: Mutex::new(rows) }
    }

    /// Follows the reactions until the feed ends.
    pub(crate) fn follow(&self, chat: &Chat, reactions: Events<Poller<Reaction>>) -> Result<(), Error> {
        for event in reactions {
            match event? {
                FeedEvent::Update { item, .. } => self.record(item),
                // The list has those that the feed may have missed.
                FeedEvent::Gap(_) => {
                    chat.reactions(&self.mid)?.into_iter().for_each(|reaction| self.record(reaction));
                }
                FeedEvent::Retrying(failure) => eprintln!("attempt {} failed: {}", failure.attempt, failure.error),
                _ => {}
            }
        }
        Ok(())
    }

    fn record(&self, reaction: Reaction) {
        if reaction.mid == self.mid {
            self.rows().insert(row(&reaction.from_user), Some(reaction.reaction_type));
        }
    }

    /// The part of the page that changes.
    pub(crate) fn html(&self) -> String {
        let rows = self.rows();
        let reacted = rows.values().flatten().count();
        let lines = rows.iter().map(|((name, _), reaction)| {
            let (class, shown) = match reaction {
                Some(ReactionType::Ok) => ("ok", "OK".to_owned()),
                Some(other) => ("sos", other.to_string().to_uppercase()),
                None => ("none", "no reaction yet".to_owned()),
            };
            format!("<tr class=\"{class}\"><td>{}</td><td>{}</td></tr>\n", escaped(name), escaped(&shown))
        });
        let (text, table) = (escaped(&self.text), lines.collect::<String>());
        format!("<h1>{text}</h1>\n<p>{reacted} of {} have reacted.</p>\n<table>\n{table}</table>\n", rows.len())
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the key of the row of a user.
fn row(user: &User) -> (String, UserId) {
    (user.to_string(), user.uid.clone())
}
