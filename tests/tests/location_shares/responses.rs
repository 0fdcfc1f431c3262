//! Changes of the shares by responses.

use teamwire_core::model::Coordinates;

use crate::support::Bot;

#[test]
fn stopped_share_is_not_active() {
    let bot = Bot::new();
    bot.share("c1");
    bot.share("c2");
    let chat = bot.client.chats().chat("c1");
    assert!(bot.run(chat.stop_sharing_location(), 403, r#"{"code":"auth"}"#).is_err());
    assert_eq!(bot.active(), ["c1", "c2"], "a refusal stops nothing");
    bot.run(chat.stop_sharing_location(), 204, "").expect("it is stopped");
    assert_eq!(bot.active(), ["c2"]);
}

#[test]
fn active_shares_follow_the_server_when_they_are_moved() {
    let bot = Bot::new();
    bot.share("c1");
    bot.share("c2");
    let (chats, place) = (bot.client.chats(), Coordinates::new(3.0, 4.0).expect("it is a place"));
    let active = r#"{"active":["c2","c3"]}"#;
    bot.run(chats.update_shared_location(place), 200, active).expect("they are moved");
    assert_eq!(bot.active(), ["c2"], "shares that another session began are not this one's");
}

#[test]
fn response_with_undecodable_chats_ends_no_share() {
    let place = || Coordinates::new(3.0, 4.0).expect("it is a place");
    for body in [r#"{"active":["c1",7]}"#, r#"{"active":7}"#, "{}", "[]", r#"{"active":["c1","c\ud800"]}"#] {
        let bot = Bot::new();
        bot.share("c1");
        bot.share("c2");
        bot.run(bot.client.chats().update_shared_location(place()), 200, body).expect("they are moved");
        assert_eq!(bot.active(), ["c1", "c2"], "{body}");
    }
    let bot = Bot::new();
    bot.share("c1");
    let shares = r#"{"items":[{"tid":7,"remaining_ms":1},{"tid":"c2","remaining_ms":60000}]}"#;
    bot.run(bot.client.chats().refresh_location_shares(), 200, shares).expect("it is a list");
    assert_eq!(bot.active(), ["c1", "c2"], "one of them may be the one that is undecoded");
    let nothing = "\u{feff}{\"active\":null}";
    bot.run(bot.client.chats().update_shared_location(place()), 200, nothing).expect("they are moved");
    assert!(bot.active().is_empty(), "a list that is null is empty");
}
