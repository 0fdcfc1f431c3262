use std::time::Duration;

use teamwire_async_std::{
    AlertType, Error, Script,
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
    smol::scripted,
};

use crate::bot;

fn run(script: &Script) -> Result<bool, Error> {
    smol::block_on(bot::run(&scripted(script), "Incident", "Managers", "Pump 3 is down", Duration::from_secs(600)))
}

fn found() -> Script {
    Script::new()
        .then(expect::chats_by_title("Incident"), respond::chats([sample::chat("c1", "Incident")]))
        .then(expect::chats_by_title("Managers"), respond::chats([sample::chat("c2", "Managers")]))
}

/// With an alert that is posted at the second attempt.
fn posted() -> Script {
    found()
        .then(expect::subscribe_reactions(), respond::subscription("s1", "k0"))
        .then(expect::post("c1"), Respond::unreachable())
        .then(
            expect::post("c1").text("Pump 3 is down").alert(&AlertType::Alert),
            respond::message(sample::alert("m1", "c1", "Pump 3 is down")),
        )
}

#[test]
fn chat_is_closed_after_a_reaction() -> Result<(), Error> {
    for closed in [respond::chat(sample::chat("c1", "Incident")), respond::close_chat_not_allowed()] {
        let reactions = ["another", "m1"].map(|mid| sample::reaction("r1", mid, "c1", "ok"));
        let script = posted()
            .then(expect::reaction_updates().cursor("k0"), respond::reaction_updates(reactions, "k1"))
            .then(expect::close_chat("c1"), closed);
        assert!(run(&script)?);
        script.assert_done();
    }
    Ok(())
}

#[test]
fn managers_are_informed_without_a_reaction() -> Result<(), Error> {
    let silence = respond::no_updates("k0").delay(Duration::from_secs(25)).times(40);
    let script = posted()
        .on(expect::reaction_updates(), [silence])
        .then(expect::unsubscribe_reactions("s1"), respond::done())
        .then(
            expect::post("c2").text("No reaction: Pump 3 is down").alert(&AlertType::Alert),
            respond::message(sample::alert("m2", "c2", "No reaction: Pump 3 is down")),
        );
    assert!(run(&script)?);
    let polls = script.requests().iter().filter(|request| request.path() == "/v1/reactions/updates").count();
    assert_eq!(polls, 24, "it has waited for ten minutes");
    Ok(())
}

#[test]
fn nothing_is_posted_without_the_chats() -> Result<(), Error> {
    let script = Script::new()
        .then(expect::chats_by_title("Incident"), respond::chats([sample::chat("c1", "Incident")]))
        .then(expect::chats_by_title("Managers"), respond::empty_list());
    assert!(!run(&script)?);
    script.assert_done();
    Ok(())
}
