use std::time::Duration;

use teamwire_async_std::{
    Checkpoint, Draft, Error, FeedEvent, Message, StateFile,
    config::RetryPolicy,
    model::{Coordinates, Location, NewAttachment, Poll, Upload},
    smol::Client,
};

const HELP: &str = "\
!help: this list
!poll Question? | option | option: a poll
!where: the place of the office
!file: a list of the commands as a file";

/// Chats are handled at the same time; the commands of a chat in their order.
const MAX_CONCURRENT: usize = 256;

pub(crate) struct Bot {
    client: Client,
    file: StateFile,
}

impl Bot {
    pub(crate) fn new(client: Client, file: StateFile) -> Self {
        // If a post fails for longer, the bot ends, and its next process handles the command again.
        Self { client: client.with_retry(RetryPolicy::within(Duration::from_secs(600))), file }
    }

    /// Handles commands from the saved checkpoint on, until the client is stopped.
    pub(crate) async fn run(&self) -> Result<(), Error> {
        let checkpoint: Option<Checkpoint> = self.file.load()?;
        let messages = self.client.chats().new_messages(checkpoint);
        let save = |checkpoint: Checkpoint| self.file.save_on(&self.client, &checkpoint);
        messages.for_each_concurrent(MAX_CONCURRENT, |event| self.handle(event), save).await
    }

    async fn handle(&self, event: FeedEvent<Message>) -> Result<(), Error> {
        match event {
            FeedEvent::Started(_) => println!("Following all chats."),
            FeedEvent::Update { item, .. } => return self.respond(&item).await,
            FeedEvent::Gap(_) => eprintln!("commands may have been missed"),
            FeedEvent::Retrying(failure) => eprintln!("attempt {} failed: {}", failure.attempt, failure.error),
            _ => {}
        }
        Ok(())
    }

    async fn respond(&self, message: &Message) -> Result<(), Error> {
        let Some(draft) = response(message) else { return Ok(()) };
        // Handled again after a crash, the command has the same key, so that the response is posted once.
        let draft = draft.reply_to(&message.mid).idempotency_key_for(&format!("re-{}", message.mid.as_str()));
        match self.client.chats().chat(&message.tid).post(draft).await {
            // The chat has been closed, for instance. The other chats are still served.
            Err(error) if error.is_permanent() => eprintln!("no response in {}: {error}", message.tid),
            result => return result.map(drop),
        }
        Ok(())
    }
}

/// Returns the response to a command; `None` for any other message.
fn response(message: &Message) -> Option<Draft> {
    if message.from_user.is_bot {
        return None;
    }
    let text = message.text.as_deref()?.trim();
    let (command, arguments) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let attached = match command {
        "!help" => return Some(Draft::text(HELP)),
        "!poll" => poll(arguments).map(|poll| Draft::text("Please vote.").attach(poll)),
        "!where" => office().map(|office| Draft::text("The office").attach(office)),
        "!file" => Ok(Draft::text("The commands").attach(NewAttachment::file(Upload::from_bytes("help.txt", HELP)))),
        _ if command.starts_with('!') => return Some(Draft::text(format!("Unknown command.\n{HELP}"))),
        _ => return None,
    };
    Some(attached.unwrap_or_else(|error| Draft::text(format!("{error}\n{HELP}"))))
}

/// Returns the poll of `Question? | option | option`.
fn poll(arguments: &str) -> Result<Poll, Error> {
    let mut parts = arguments.split('|').map(str::trim);
    Poll::new(parts.next().unwrap_or_default(), parts)
}

fn office() -> Result<Location, Error> {
    Ok(Location::new("Office", Coordinates::new(48.137, 11.575)?))
}
