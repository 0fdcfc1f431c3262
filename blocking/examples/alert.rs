//! Posts an alert, prints who reacts to it, and ends with the first OK.
//!
//! ```text
//! cargo run -p teamwire-blocking --example alert
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

use teamwire_blocking::{AlertType, Client, Draft, Error, FeedEvent, NewChat, ReactionType};

fn main() -> Result<(), Error> {
    // Reads TEAMWIRE_URL, TEAMWIRE_APP_ID and TEAMWIRE_SECRET.
    let client = teamwire_blocking::client_from_env()?;
    println!("I am {}.", client.check()?);
    alert(&client, "The database is down")
}

fn alert(client: &Client, text: &str) -> Result<(), Error> {
    let people = client.contacts().users()?;
    let chat = client.chats().get_or_create(NewChat::titled("Operations").users(&people))?;

    let mut events = client.chats().reaction_updates(None);
    // From here on, no reaction is missed.
    events.started()?;
    let alert = chat.post(Draft::text(text).alert(AlertType::Alert))?;
    println!("Posted in {}. Waiting for an OK.", chat.title());
    for event in events {
        match event? {
            FeedEvent::Update { item, .. } if item.mid == alert.mid => {
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
    use teamwire_blocking::{
        Script,
        script::{
            Respond,
            v1::{expect, respond, sample},
        },
        scripted,
    };

    use super::*;

    /// Without the post, and the polls that follow.
    fn until_posted() -> Script {
        Script::new()
            .then(expect::users(), respond::users([sample::user("u-anna", "Anna", "Berg")]))
            .then(expect::chats_by_title("Operations"), respond::chats([sample::chat("c1", "Operations")]))
            .then(expect::subscribe_reactions(), respond::subscription("s1", "k0"))
    }

    #[test]
    fn ends_with_an_ok_to_its_own_alert() -> Result<(), Error> {
        let reactions = [
            sample::reaction("r1", "another", "c1", "ok"),
            sample::reaction("r2", "m1", "c1", "sos"),
            sample::reaction("r2", "m1", "c1", "ok"),
        ];
        let [first, second, third] = reactions.map(|reaction| [reaction]);
        let script = until_posted()
            .then(
                expect::post("c1").text("Fire").alert(&AlertType::Alert),
                respond::message(sample::alert("m1", "c1", "Fire")),
            )
            .then(expect::reaction_updates().cursor("k0"), respond::reaction_updates(first, "k1"))
            .then(expect::reaction_updates().cursor("k1"), Respond::unreachable())
            .then(expect::reaction_updates().cursor("k1"), respond::reaction_updates(second, "k2"))
            .then(expect::reaction_updates().cursor("k2"), respond::reaction_updates(third, "k3"));
        alert(&scripted(&script), "Fire")?;
        script.assert_done();
        Ok(())
    }

    #[test]
    fn waits_for_no_reaction_if_the_alert_is_rejected() {
        let script = until_posted().then(expect::post("c1"), respond::forbidden());
        let error = alert(&scripted(&script), "Fire").expect_err("the post is rejected");
        assert_eq!(error.status(), Some(403));
        script.assert_done();
    }
}
