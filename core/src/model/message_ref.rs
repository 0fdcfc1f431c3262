use alloc::string::String;

use super::{Message, MessageId};

/// A message as an argument of an operation: the message itself, or its id.
///
/// It is created by `into()`, so that operations accept both. Of a message, an operation checks locally that it belongs
/// to the chat and fits the operation; of an id, only the server knows that.
///
/// ```
/// use teamwire_core::{
///     Client, ReactionType, Script,
///     script::v1::{expect, respond, sample},
/// };
///
/// let reaction = || respond::reaction(sample::reaction("r1", "m1", "c1", "ok"));
/// let script = Script::new()
///     .then(expect::post("c1"), respond::message(sample::alert("m1", "c1", "The database is down")))
///     .then(expect::send_reaction("c1", "m1", &ReactionType::Ok), reaction())
///     .then(expect::reactions("c1", "m1"), respond::reactions([sample::reaction("r1", "m1", "c1", "ok")]));
/// let chat = Client::new(script).chats().chat("c1");
/// let alert = chat.post("The database is down")?;
/// chat.send_reaction(&alert, ReactionType::Ok)?;
/// assert_eq!(chat.reactions("m1")?.len(), 1);
/// # Ok::<(), teamwire_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRef<'a> {
    mid: MessageId,
    message: Option<&'a Message>,
}

impl<'a> MessageRef<'a> {
    /// The message's id.
    pub const fn mid(&self) -> &MessageId {
        &self.mid
    }

    /// The message; `None` if only its id is known.
    pub const fn message(&self) -> Option<&'a Message> {
        self.message
    }
}

impl<'a> From<&'a Message> for MessageRef<'a> {
    fn from(message: &'a Message) -> Self {
        Self { mid: message.mid.clone(), message: Some(message) }
    }
}

macro_rules! by_id {
    ($($id:ty)*) => { $(
        impl From<$id> for MessageRef<'_> {
            fn from(mid: $id) -> Self {
                Self { mid: mid.into(), message: None }
            }
        }
    )* };
}

by_id! { MessageId &MessageId String &String &str }
