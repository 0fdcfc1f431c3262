//! Posts the lines of its input. They are saved in an outbox first, so that a crash or a power cut neither loses a
//! message nor posts it twice, and so that the next run posts those for which there was no network.
//!
//! ```text
//! echo "The backup is complete" | OUTBOX=outbox.json cargo run -p teamwire-blocking --example outbox -- CHAT_ID
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::{
    env,
    error::Error as StdError,
    io::{self, BufRead},
};

use teamwire_blocking::{Client, Error, Outbox, OutboxDelivery};

fn main() -> Result<(), Box<dyn StdError>> {
    let chat = env::args().nth(1).ok_or("usage: outbox CHAT_ID")?;
    let client = teamwire_blocking::client_from_env()?;
    let outbox = Outbox::open(env::var("OUTBOX").unwrap_or_else(|_| "outbox.json".to_owned()))?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        outbox.change(|messages| messages.add(client.new_idempotency_key(), &chat, line))?;
    }
    let delivery = deliver(&client, &outbox)?;
    if let Some(error) = delivery.failure {
        return Err(format!("{} left in the outbox: {error}", outbox.messages().waiting()).into());
    }
    println!("posted {}", delivery.posted);
    Ok(())
}

/// Posts the messages in their order.
fn deliver(client: &Client, outbox: &Outbox) -> Result<OutboxDelivery, Error> {
    outbox.deliver(client, |messages, key, outcome| {
        // The chat has been closed, for instance. The other messages are still posted.
        if let Err(error) = outcome {
            eprintln!("not posted: {error}");
        }
        messages.remove(key);
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use teamwire_blocking::{
        Script,
        script::v1::{expect, respond, sample},
        scripted,
    };
    use teamwire_test_support::Folder;

    use super::*;

    fn open(folder: &Folder, texts: &[(&str, &str)]) -> Result<Outbox, Error> {
        let outbox = Outbox::open(folder.path("outbox"))?;
        for (number, (chat, text)) in texts.iter().enumerate() {
            outbox.change(|messages| messages.add(format!("key-{number}"), *chat, *text))?;
        }
        Ok(outbox)
    }

    #[test]
    fn messages_wait_for_the_network_in_their_order() -> Result<(), Error> {
        let folder = Folder::new();
        let script = Script::new()
            .then(expect::post("c1").text("one"), respond::message(sample::message("m1", "c1", "one")))
            .then(expect::post("c3").text("two"), respond::closed_chat())
            .then(expect::post("c2").text("three"), respond::message(sample::message("m3", "c2", "three")));
        let client = scripted(&script);
        let outbox = open(&folder, &[("c1", "one"), ("c3", "two"), ("c2", "three")])?;
        script.down_for(Duration::from_secs(3600));
        assert!(deliver(&client, &outbox)?.failure.is_some());

        script.advance(Duration::from_secs(3600));
        let delivery = deliver(&client, &open(&folder, &[])?)?;
        assert_eq!((delivery.posted, delivery.rejected), (2, 1));
        assert_eq!(open(&folder, &[])?.messages().iter().count(), 0);
        script.assert_done();
        Ok(())
    }

    #[test]
    fn message_posted_before_a_crash_is_repeated_with_its_key() -> Result<(), Error> {
        let folder = Folder::new();
        let posted = || respond::message(sample::message("m1", "c1", "one"));
        let script = Script::new()
            .then(expect::post("c1").idempotency_key("key-0"), posted())
            .then(expect::post("c1").idempotency_key("key-0"), posted());
        let client = scripted(&script);
        let outbox = open(&folder, &[("c1", "one")])?;
        let before = fs::read(folder.path("outbox")).expect("it was saved");
        deliver(&client, &outbox)?;

        // The state at the time of a crash after the post.
        fs::write(folder.path("outbox"), before).expect("it can be written");
        deliver(&client, &open(&folder, &[])?)?;
        script.assert_done();
        Ok(())
    }
}
