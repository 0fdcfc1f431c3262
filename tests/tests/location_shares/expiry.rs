//! Ends of shares by the clock, in this process and the next.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use teamwire_core::LocationShares;

use crate::support::{Bot, QUARTER, shares};

#[test]
fn share_is_active_until_its_time_is_over() {
    let bot = Bot::new();
    assert!(bot.active().is_empty());
    bot.share("c1");
    assert_eq!(bot.active(), ["c1"]);
    bot.advance(QUARTER.saturating_sub(Duration::from_millis(1)));
    assert_eq!(bot.active(), ["c1"]);
    bot.advance(Duration::from_millis(1));
    assert!(bot.active().is_empty());
}

#[test]
fn share_has_ended_as_soon_as_either_clock_says_so() {
    let nine_hours = TimeDelta::hours(9);
    // The machine was suspended, or its clock was set forward.
    let bot = Bot::new();
    bot.share("c1");
    bot.adjust_wall_clock(nine_hours);
    assert!(bot.active().is_empty());
    bot.adjust_wall_clock(-nine_hours);
    assert!(bot.active().is_empty(), "it has ended for good, unless the server says otherwise");
    let refreshed = bot.client.chats().refresh_location_shares();
    bot.run(refreshed, 200, shares("c1", QUARTER)).expect("the shares are listed");
    assert_eq!(bot.active(), ["c1"]);

    // The wall clock was set back.
    let bot = Bot::started_at(DateTime::UNIX_EPOCH + nine_hours);
    bot.share("c1");
    bot.adjust_wall_clock(-nine_hours);
    assert_eq!(bot.active(), ["c1"]);
    bot.advance(QUARTER);
    assert!(bot.active().is_empty());

    // An expired share is not restored from a file either.
    let bot = Bot::new();
    bot.share("c1");
    bot.adjust_wall_clock(TimeDelta::minutes(10));
    let saved = bot.client.chats().export_location_shares();
    let next = Bot::started_at(DateTime::UNIX_EPOCH + Duration::from_secs(10 * 60));
    next.client.chats().import_location_shares(saved);
    assert_eq!(next.active(), ["c1"]);
    next.advance(Duration::from_secs(5 * 60));
    assert!(next.active().is_empty(), "five minutes were left");
}

#[test]
fn saved_share_gets_no_longer_by_a_clock_that_is_set_back() {
    let bot = Bot::started_at(DateTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
    bot.share("c1");
    bot.advance(Duration::from_secs(5 * 60));
    let json = serde_json::to_value(bot.client.chats().export_location_shares()).expect("it can be written");
    let restored = |json: &serde_json::Value| {
        let next = Bot::started_at(DateTime::UNIX_EPOCH);
        let saved = serde_json::from_value(json.clone()).expect("it can be read");
        next.client.chats().import_location_shares(saved);
        assert_eq!(next.active(), ["c1"]);
        next
    };
    let next = restored(&json);
    next.advance(Duration::from_secs(10 * 60));
    assert!(next.active().is_empty(), "10 minutes were left");

    let mut earlier = json;
    earlier.as_object_mut().expect("it is an object").remove("saved_at");
    let next = restored(&earlier);
    next.advance(Duration::from_secs(8 * 60 * 60));
    assert!(next.active().is_empty(), "none is longer than eight hours");
}

#[test]
fn saved_shares_are_active_in_the_next_process() {
    let bot = Bot::new();
    bot.share("c1");
    bot.advance(Duration::from_secs(60));
    bot.share("c2");
    let json = serde_json::to_string(&bot.client.chats().export_location_shares()).expect("it can be written");
    assert!(!json.contains("secret"), "{json}");
    let saved: LocationShares = serde_json::from_str(&json).expect("it can be read");

    let next = Bot::started_at(DateTime::UNIX_EPOCH + Duration::from_secs(14 * 60));
    next.client.chats().import_location_shares(saved.clone());
    assert_eq!(next.active(), ["c1", "c2"]);
    next.advance(Duration::from_secs(60));
    assert_eq!(next.active(), ["c2"]);
    next.advance(Duration::from_secs(60));
    assert!(next.active().is_empty());

    let late = Bot::started_at(DateTime::UNIX_EPOCH + Duration::from_secs(3600));
    late.client.chats().import_location_shares(saved);
    assert!(late.active().is_empty());
}
