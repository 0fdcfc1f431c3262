//! Reactions to attention messages.

use teamwire_core::{AlertType, Draft, ErrorKind, Message, ReactionType};
use teamwire_sandbox::org;
use teamwire_tests::{Fixture, executor_test, harness::Harness};

/// An attention message in the lobby.
fn posted<H: Harness>(fixture: &Fixture<H>, kind: AlertType) -> Message {
    fixture.ok(fixture.client.chats().chat(org::LOBBY).post(Draft::text("Pump 3 is down").alert(kind)))
}

#[executor_test(protocols)]
fn reaction_is_visible_to_every_member<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let (lobby, alert) = (fixture.chat(org::LOBBY), posted(&fixture, AlertType::Alert));
    assert!(fixture.ok(lobby.reactions(&alert)).is_empty());
    let mine = fixture.ok(lobby.send_reaction(&alert, ReactionType::Sos));
    assert_eq!((mine.from_user.uid.as_str(), &mine.mid, mine.tid.as_str()), (org::BOT, &alert.mid, org::LOBBY));
    fixture.sandbox.as_person(org::ANNA).react(org::LOBBY, alert.mid.as_str(), "ok").expect("Anna is in the lobby");
    let all = fixture.ok(lobby.reactions(&alert));
    let all: Vec<_> = all.iter().map(|reaction| (reaction.from_user.uid.as_str(), &reaction.reaction_type)).collect();
    assert_eq!(all, [(org::BOT, &ReactionType::Sos), (org::ANNA, &ReactionType::Ok)]);
}

#[executor_test(protocols)]
fn reaction_needs_only_the_id_of_its_message<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let (lobby, alert) = (fixture.client.chats().chat(org::LOBBY), posted(&fixture, AlertType::Alert));
    let mine = fixture.ok(lobby.send_reaction(&alert.mid, ReactionType::Ok));
    assert_eq!((&mine.mid, &mine.tid), (&alert.mid, &alert.tid));
    assert_eq!(fixture.ok(lobby.reactions(alert.mid.as_str())).into_vec(), std::slice::from_ref(&mine));
    let text = alert.mid.to_string();
    assert_eq!(fixture.ok(lobby.reactions(&text)).into_vec(), [mine]);
    assert_eq!(fixture.err(lobby.reactions("m-unknown")).kind(), ErrorKind::NotFound);
    let hello = fixture.ok(lobby.post("hello"));
    for (mid, reaction) in [(&hello.mid, ReactionType::Ok), (&alert.mid, ReactionType::Love)] {
        assert_eq!(fixture.err(lobby.send_reaction(mid, reaction)).status(), Some(422), "the server knows the message");
    }
    let unknown = ReactionType::Unknown("wave".into());
    assert_eq!(fixture.err(lobby.send_reaction(&alert.mid, unknown)).kind(), ErrorKind::InvalidInput);
}

#[executor_test(protocols)]
fn reaction_is_changed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let (lobby, alert) = (fixture.chat(org::LOBBY), posted(&fixture, AlertType::Alert));
    let before = fixture.ok(lobby.send_reaction(&alert, ReactionType::Ok));
    let after = fixture.ok(lobby.update_reaction(&before, ReactionType::Sos));
    assert_eq!((&after.reaction_id, &after.reaction_type), (&before.reaction_id, &ReactionType::Sos));
    assert_eq!(fixture.ok(lobby.reactions(&alert)).into_vec(), [after]);
}

#[executor_test(protocols)]
fn every_reaction_fits_its_message<H: Harness>() {
    use ReactionType::{Applause, Laugh, Love, Ok, Smile, Sos, ThumbsUp};
    let fixture = Fixture::<H>::new();
    let lobby = fixture.chat(org::LOBBY);
    for (kind, fit, unfit) in [
        (AlertType::Alert, vec![Ok, Sos], vec![ThumbsUp, Applause, Smile, Laugh, Love]),
        (AlertType::Announcement, vec![ThumbsUp, Applause, Smile, Laugh, Love], vec![Ok, Sos]),
        (AlertType::Note, vec![ThumbsUp, Applause, Smile, Laugh, Love], vec![Ok, Sos]),
    ] {
        let message = posted(&fixture, kind);
        for reaction in fit {
            assert_eq!(fixture.ok(lobby.send_reaction(&message, reaction.clone())).reaction_type, reaction);
        }
        let before = fixture.sandbox.transcript().len();
        for reaction in unfit {
            assert_eq!(fixture.err(lobby.send_reaction(&message, reaction)).kind(), ErrorKind::InvalidInput);
        }
        assert_eq!(fixture.sandbox.transcript().len(), before, "nothing was sent");
    }
}

#[executor_test(protocols)]
fn reactions_of_many_come_all<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let (lobby, note) = (fixture.chat(org::LOBBY), posted(&fixture, AlertType::Note));
    for at in 0..70 {
        let bot = fixture.sandbox.admin().create_bot(&format!("Bot {at}"));
        fixture.sandbox.as_person(org::ANNA).add_users(org::LOBBY, &[&bot.uid]).expect("Anna administers the lobby");
        fixture.sandbox.as_person(&bot.uid).react(org::LOBBY, note.mid.as_str(), "love").expect("it is a member now");
    }
    assert_eq!(fixture.ok(lobby.reactions(&note)).len(), 70);
}

#[executor_test(protocols)]
fn reaction_of_another_user_is_not_changed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let (lobby, alert) = (fixture.chat(org::LOBBY), posted(&fixture, AlertType::Alert));
    fixture.sandbox.as_person(org::ANNA).react(org::LOBBY, alert.mid.as_str(), "ok").expect("Anna is in the lobby");
    let hers = fixture.ok(lobby.reactions(&alert)).into_vec().remove(0);
    let error = fixture.err(lobby.update_reaction(&hers, ReactionType::Sos));
    assert_eq!((error.kind(), error.status()), (ErrorKind::Auth, Some(403)));
}
