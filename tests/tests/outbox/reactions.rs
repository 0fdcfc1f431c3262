//! Reactions that the feed of a bot has missed, or delivers again.

use teamwire_core::{AlertType, Client, Draft, ErrorKind, Reaction, ReactionType, User, executor::Portable};
use teamwire_test_support::Folder;
use teamwire_testing::{World, org};

use super::{add, on_both_adapters, open, texts};

on_both_adapters! {
    missed_reactions_are_those_that_are_not_recorded
    reaction_that_is_changed_back_has_a_number_of_its_own
}

mod scenarios {
    use super::*;

    pub(super) async fn missed_reactions_are_those_that_are_not_recorded<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let folder = Folder::new();
        let outbox = open(&folder);
        let alert = || Draft::text("Pump 3 is down").alert(AlertType::Alert);
        outbox
            .change(|messages| {
                for (key, chat) in [("a", org::LOBBY), ("old", org::LOBBY), ("left", org::NOTICES)] {
                    assert!(messages.add(key, chat, alert()));
                }
            })
            .expect("saved");
        X::wait(outbox.deliver(&client, |_, _, _| {})).await.expect("the server works");
        assert!(add(&outbox, "waits", org::LOBBY));
        let messages = outbox.messages();
        let mid = |key: &str| messages.entry(key).and_then(|entry| entry.mid).expect("it is posted");
        for (uid, key, reaction) in [(org::ANNA, "a", "ok"), (org::BEN, "a", "ok"), (org::ANNA, "old", "ok")] {
            world.act(uid, |person| person.react(org::LOBBY, mid(key).as_str(), reaction)).expect("the chat is open");
        }
        X::wait(client.chats().chat(org::NOTICES).leave()).await.expect("it may");

        let missed = X::wait(outbox.missed_reactions(&client, |entry| entry.key != "old")).await;
        let missed = missed.expect("the server works");
        assert_eq!(
            missed.reactions.iter().map(|it| it.from_user.uid.as_str()).collect::<Vec<_>>(),
            [org::ANNA, org::BEN]
        );
        let unavailable: Vec<_> = missed.unavailable.iter().map(|(key, error)| (key.as_str(), error.kind())).collect();
        assert_eq!(unavailable, [("left", ErrorKind::NotFound)]);

        let record = |reaction| outbox.change(|messages| messages.record(reaction)).expect("saved");
        assert_eq!(record(&missed.reactions[0]).map(|it| it.key).as_deref(), Some("a"));
        assert_eq!(record(&missed.reactions[0]), None, "it is known");
        // After a restart, only the other one is missed.
        let outbox = open(&folder);
        world.act(org::ANNA, |anna| anna.react(org::LOBBY, mid("old").as_str(), "sos")).expect("the chat is open");
        let missed = X::wait(outbox.missed_reactions(&client, |entry| entry.key == "a")).await;
        assert_eq!(missed.expect("the server works").reactions[0].from_user.uid, org::BEN);

        world.down_for(super::super::MINUTE);
        let hurried = client.with_retry(teamwire_core::config::RetryPolicy::NEVER);
        let error = X::wait(outbox.missed_reactions(&hurried, |_| true)).await.expect_err("there is no network");
        assert!(error.is_transient());
    }

    pub(super) async fn reaction_that_is_changed_back_has_a_number_of_its_own<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let folder = Folder::new();
        let draft = Draft::text("Pump 3 is down").alert(AlertType::Alert);
        open(&folder).change(|messages| messages.add("a", org::LOBBY, draft)).expect("saved");
        let mut expected = vec!["Pump 3 is down"];
        for kind in ["", "ok", "sos", "ok"] {
            // A new process.
            let outbox = open(&folder);
            if let Some(mid) = outbox.messages().entry("a").and_then(|entry| entry.mid) {
                let reacted = world.act(org::ANNA, |anna| anna.react(org::LOBBY, mid.as_str(), kind));
                reacted.expect("the chat is open");
                expected.push(kind);
            }
            let missed = X::wait(outbox.missed_reactions(&client, |entry| entry.key == "a")).await;
            for reaction in missed.expect("the server works").reactions {
                let recorded = outbox.change(|messages| {
                    let recorded = messages.record(&reaction)?;
                    let text = reaction.reaction_type.to_string();
                    messages.add_reply(format!("a/{}", recorded.number), &recorded.key, text).then_some(())
                });
                recorded.expect("saved").expect("it is news, and its key is new");
            }
            X::wait(outbox.deliver(&client, |_, _, _| {})).await.expect("the server works");
        }
        assert_eq!(texts(world, org::LOBBY), expected);
    }
}

#[test]
fn newest_reaction_of_each_user_is_recorded() {
    use teamwire_blocking::script::{
        Script,
        v1::{expect, respond, sample},
    };

    let folder = Folder::new();
    let outbox = open(&folder);
    add(&outbox, "a", "c1");
    let script = Script::new().then(expect::post("c1"), respond::message(sample::message("m1", "c1", "")));
    outbox.deliver(&teamwire_blocking::scripted(&script), |_, _, _| {}).expect("it is posted");
    let reaction = |mid: &str, reaction_type, uid: &str| {
        Reaction::new(format!("r-{uid}"), mid, "c1", reaction_type, User::new(uid, "Anna", "Berg"))
    };
    let record = |reaction| outbox.change(|messages| messages.record(&reaction)).expect("saved");
    assert_eq!(record(reaction("m2", ReactionType::Ok, "anna")), None, "it is another message");
    for (kind, uid) in [(ReactionType::Ok, "anna"), (ReactionType::Ok, "ben"), (ReactionType::Sos, "anna")] {
        assert_eq!(record(reaction("m1", kind.clone(), uid)).map(|it| it.key).as_deref(), Some("a"));
        assert_eq!(record(reaction("m1", kind, uid)), None);
    }
    let messages = open(&folder).messages();
    let entry = messages.entry("a").expect("it is in the outbox");
    let recorded: Vec<_> = entry.reactions.iter().map(|(uid, kind)| (uid.as_str(), kind)).collect();
    assert_eq!(recorded, [("anna", &ReactionType::Sos), ("ben", &ReactionType::Ok)]);
}
