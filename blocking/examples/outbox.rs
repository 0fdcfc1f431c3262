//! Posts the lines of its input. They are saved in an outbox first, so that a crash or a power cut neither loses a
//! message nor posts it twice, and so that the next run posts those for which there was no network.
//!
//! ```text
//! echo "The backup is complete" | OUTBOX=outbox.json cargo run -p teamwire-blocking --example outbox -- CHAT_ID
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::{
    collections::VecDeque,
    env,
    error::Error as StdError,
    io::{self, BufRead},
};

use serde::{Deserialize, Serialize};
use teamwire_blocking::{Client, Draft, Error, StateFile, model::ThreadId};

fn main() -> Result<(), Box<dyn StdError>> {
    let chat = env::args().nth(1).ok_or("usage: outbox CHAT_ID")?;
    let path = env::var("OUTBOX").unwrap_or_else(|_| "outbox.json".to_owned());
    let client = teamwire_blocking::client_from_env()?;
    let mut outbox = Outbox::open(StateFile::new(path))?;
    for line in io::stdin().lock().lines() {
        outbox.add(&client, &chat, &line?)?;
    }
    match outbox.deliver(&client) {
        Ok(count) => println!("posted {count}"),
        Err(error) => return Err(format!("{} left in the outbox: {error}", outbox.waiting.len()).into()),
    }
    Ok(())
}

struct Outbox {
    file: StateFile,
    waiting: VecDeque<Waiting>,
}

#[derive(Serialize, Deserialize)]
struct Waiting {
    chat: ThreadId,
    draft: Draft,
}

impl Outbox {
    fn open(file: StateFile) -> Result<Self, Error> {
        let waiting = file.load()?.unwrap_or_default();
        Ok(Self { file, waiting })
    }

    /// Saves a message with an idempotency key, by which the server recognises a repetition within 24 hours.
    fn add(&mut self, client: &Client, chat: &str, text: &str) -> Result<(), Error> {
        let draft = Draft::text(text).idempotency_key(client.new_idempotency_key());
        self.waiting.push_back(Waiting { chat: chat.into(), draft });
        self.file.save(&self.waiting)
    }

    /// Posts the messages in their order, and returns their number.
    fn deliver(&mut self, client: &Client) -> Result<usize, Error> {
        let mut count = 0;
        while let Some(Waiting { chat, draft }) = self.waiting.front() {
            client.chats().chat(chat).post(draft.clone())?;
            self.waiting.pop_front();
            // A crash before this line repeats the post, with the same key.
            self.file.save(&self.waiting)?;
            count += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use teamwire_blocking::{
        Script,
        script::v1::{expect, respond, sample},
        scripted,
    };
    use teamwire_test_support::Folder;

    use super::*;

    #[test]
    fn messages_wait_for_the_network_in_their_order() -> Result<(), Error> {
        let folder = Folder::new();
        let script = Script::new()
            .then(expect::post("c1").text("one"), respond::message(sample::message("m1", "c1", "one")))
            .then(expect::post("c2").text("two"), respond::message(sample::message("m2", "c2", "two")));
        let client = scripted(&script);
        let open = || Outbox::open(StateFile::new(folder.path("outbox")));
        let mut outbox = open()?;
        outbox.add(&client, "c1", "one")?;
        outbox.add(&client, "c2", "two")?;
        script.down_for(Duration::from_secs(3600));
        outbox.deliver(&client).expect_err("there is no network");

        script.advance(Duration::from_secs(3600));
        assert_eq!(open()?.deliver(&client)?, 2);
        assert_eq!(open()?.deliver(&client)?, 0);
        script.assert_done();
        Ok(())
    }

    #[test]
    fn message_posted_before_a_crash_is_repeated_with_its_key() -> Result<(), Error> {
        let folder = Folder::new();
        let posted = || respond::message(sample::message("m1", "c1", "one"));
        let script = Script::new().then(expect::post("c1"), posted()).then(expect::post("c1"), posted());
        let client = scripted(&script);
        let file = StateFile::new(folder.path("outbox"));
        let mut outbox = Outbox::open(file.clone())?;
        outbox.add(&client, "c1", "one")?;
        let before: VecDeque<Waiting> = file.load()?.expect("it was saved");
        outbox.deliver(&client)?;

        // The state at the time of a crash after the post.
        file.save(&before)?;
        Outbox::open(file)?.deliver(&client)?;
        let requests = script.requests();
        assert!(requests[0].header("idempotency-key").is_some());
        assert_eq!(requests[0].header("idempotency-key"), requests[1].header("idempotency-key"));
        script.assert_done();
        Ok(())
    }
}
