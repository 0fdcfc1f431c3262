//! Posts an alert, prints who reacts to it, and ends with the first OK: the example `alert` of `teamwire-blocking`, on
//! smol.
//!
//! ```text
//! cargo run -p teamwire-async-std --example alert_async
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

use teamwire_async_std::{
    AlertType, Draft, Error, FeedEvent, NewChat, ReactionType,
    smol::{Client, client_from_env},
};

fn main() -> Result<(), Error> {
    // Reads TEAMWIRE_URL, TEAMWIRE_APP_ID and TEAMWIRE_SECRET.
    let client = client_from_env()?;
    smol::block_on(async {
        println!("I am {}.", client.check().await?);
        alert(&client, "The database is down").await
    })
}

async fn alert(client: &Client, text: &str) -> Result<(), Error> {
    let people = client.contacts().users().await?;
    let chat = client.chats().get_or_create(NewChat::titled("Operations").users(&people)).await?;

    let mut posted = None;
    let mut reactions = client.chats().reaction_updates(None);
    while let Some(event) = reactions.next().await {
        match event? {
            // The feed has started: from here on, it misses no reaction.
            FeedEvent::Started(_) => {
                posted = Some(chat.post(Draft::text(text).alert(AlertType::Alert)).await?.mid);
                println!("Posted in {}. Waiting for an OK.", chat.title());
            }
            FeedEvent::Update { item, .. } if posted.as_ref() == Some(&item.mid) => {
                println!("{}: {}", item.from_user, item.reaction_type);
                if item.reaction_type == ReactionType::Ok {
                    return Ok(());
                }
            }
            FeedEvent::Retrying(failure) => eprintln!("attempt {} failed: {}", failure.attempt, failure.error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use teamwire_async_std::{
        Script,
        script::v1::{expect, respond, sample},
        smol::scripted,
    };

    use super::*;

    #[test]
    fn ends_with_an_ok_to_its_own_alert() -> Result<(), Error> {
        let reactions = [
            sample::reaction("r1", "another", "c1", "ok"),
            sample::reaction("r2", "m1", "c1", "sos"),
            sample::reaction("r2", "m1", "c1", "ok"),
        ];
        let script = Script::new()
            .then(expect::users(), respond::users([sample::user("u-anna", "Anna", "Berg")]))
            .then(expect::chats_by_title("Operations"), respond::chats([sample::chat("c1", "Operations")]))
            .then(expect::subscribe_reactions(), respond::subscription("s1", "k0"))
            .then(
                expect::post("c1").text("Fire").alert(&AlertType::Alert),
                respond::message(sample::alert("m1", "c1", "Fire")),
            )
            .then(expect::reaction_updates().cursor("k0"), respond::reaction_updates(reactions, "k1"));
        smol::block_on(alert(&scripted(&script), "Fire"))?;
        script.assert_done();
        Ok(())
    }
}
