//! The translation of `bot.py`, from top to bottom.

use std::time::Duration;

use teamwire_async_std::{
    AlertType, Draft, Error, ErrorKind,
    smol::{Chat, Client},
};

// There is no `post` with a loop: `Chat::post` retries, and the message appears once.

/// Returns `false` if there is no such chat.
pub(crate) async fn run(
    client: &Client,
    title: &str,
    managers_title: &str,
    text: &str,
    timeout: Duration,
) -> Result<bool, Error> {
    let (chat, managers) = (first(client, title).await?, first(client, managers_title).await?);
    let (Some(mut chat), Some(managers)) = (chat, managers) else { return Ok(false) };

    // Instead of a handler and an event: a feed, which ends at its deadline. It starts before the post, so that no
    // reaction is missed. In Python, one that came before the subscription did not set the event.
    let mut reactions = client.with_deadline(timeout).chats().reaction_updates(None);
    reactions.started().await?;
    let alert = chat.post(Draft::text(text).alert(AlertType::Alert)).await?;

    // An event has its reaction, so the list need not be fetched.
    let mut has_reacted = false;
    while !has_reacted && let Some(event) = reactions.next().await {
        has_reacted = event?.item().is_some_and(|reaction| reaction.mid == alert.mid);
    }
    if !has_reacted {
        managers.post(Draft::text(format!("No reaction: {text}")).alert(AlertType::Alert)).await?;
        return Ok(true);
    }

    // Exceptions are kinds of errors. The feed ends when it is dropped.
    match chat.close().await {
        Err(error) if error.kind() == ErrorKind::CloseChatNotAllowed => {
            println!("The administrator does not allow bots to close chats.");
        }
        result => result?,
    }
    Ok(true)
}

async fn first(client: &Client, title: &str) -> Result<Option<Chat>, Error> {
    Ok(client.chats().by_title(title).await?.into_iter().next())
}
