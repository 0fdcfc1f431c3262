//! The requests of the core.

use chrono::{DateTime, TimeDelta};
use teamwire_core::{
    AlertType, Draft, NewChat, ReactionType,
    machine::{Reply, Step},
    model::{CalendarEvent, Coordinates, LiveLocation, Location, NewOneToOne, Poll, ShareDuration},
    script::sample,
};
use teamwire_tests::{
    contract::Contract,
    operations::{ByHandBot, ENTROPY, Operation, TID, alert, config, now, request_of, response},
};

fn bot() -> ByHandBot {
    ByHandBot::by_hand(config(), ENTROPY)
}

#[track_caller]
fn conforms(request: &http::Request<Vec<u8>>, route: &str) {
    let asked = Contract::load().check_request(request).unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(asked.as_str(), route);
}

#[test]
fn every_operation_requests_its_documented_route() {
    for operation in Operation::ALL {
        conforms(&bot().request(*operation), operation.route());
    }
}

#[test]
fn every_second_page_is_requested_as_documented() {
    for operation in Operation::ALL.iter().filter(|operation| operation.is_paged()) {
        let (status, mut page) = operation.status_and_json();
        page["next_cursor"] = "bzo1MA==&limit=1/?#".into();
        let request = bot().drive(*operation, |flow| {
            let Step::Send(ticket, _) = flow.poll(now()) else { panic!("it begins with a request") };
            flow.handle(now(), ticket, Reply::Response(response(status, &page)));
            request_of(flow)
        });
        conforms(&request, operation.route());
        assert!(request.uri().query().is_some_and(|query| query.contains("cursor=bzo1MA%3D%3D%26limit%3D1")));
    }
}

#[test]
fn draft_with_everything_is_one_of_the_contract() {
    let place = Coordinates::new(-90.0, 180.0).expect("they are in the range of coordinates");
    let mut location = Location::new("Meeting point", place);
    location.address = Some("Marienplatz 1".into());
    location.city = Some("München".into());
    location.country = Some("Germany".into());
    location.postal_code = Some("80331".into());
    let start = DateTime::UNIX_EPOCH + TimeDelta::nanoseconds(1);
    let calendar = CalendarEvent::new("Handover", start, start).expect("it does not end before it begins");
    let poll = Poll::new("Who?", ["I", "you"]).expect("two options").multiple_choice();
    let draft = Draft::text("a\nb\t\"c\" \\ \u{1f600}")
        .attach(calendar.with_description("of the ward\nto the next shift").with_location(""))
        .attach(location)
        .attach(LiveLocation::new(place, ShareDuration::QuarterHour))
        .attach(poll)
        .reply_to("m0")
        .idempotency_key("!~".repeat(64))
        .sender_display_name("M".repeat(64));
    for kind in [AlertType::Alert, AlertType::Announcement, AlertType::Note] {
        conforms(&request_of(&mut bot().chat.post(draft.clone().alert(kind))), "post_message");
    }
    conforms(&request_of(&mut bot().chat.post(draft)), "post_message");
}

#[test]
fn each_part_of_a_draft_is_enough_for_the_contract() {
    let place = Coordinates::new(48.137_154, 11.576_124).expect("they are in the range of coordinates");
    for duration in [ShareDuration::QuarterHour, ShareDuration::OneHour, ShareDuration::EightHours] {
        let draft = Draft::new().attach(LiveLocation::new(place, duration));
        conforms(&request_of(&mut bot().chat.post(draft)), "post_message");
    }
    let draft = Draft::text("").attach(Location::new("", place));
    conforms(&request_of(&mut bot().chat.post(draft)), "post_message");
    conforms(&request_of(&mut bot().chat.post("x".repeat(10_000))), "post_message");
}

#[test]
fn every_new_chat_is_one_of_the_contract() {
    let bot = bot();
    let chats = bot.client.chats();
    let names = |what: &str| (0..1000).map(|at| format!("{what}{at}")).collect::<Vec<_>>();
    let large = NewChat::titled("ä".repeat(256))
        .users(names("u"))
        .groups(names("g"))
        .admins(names("a"))
        .message("hello")
        .attach(Poll::new("Who?", ["I", "you"]).expect("two options"))
        .alert_chat(true)
        .allow_sending(false)
        .allow_mute_notifications(false)
        .idempotency_key("k");
    for chat in [NewChat::titled(""), NewChat::titled("Ops").message(""), large] {
        conforms(&request_of(&mut chats.create_chat(chat)), "create_chat");
    }
    let poll = Poll::new("Who?", ["I", "you"]).expect("two options");
    for chat in [NewOneToOne::from("u1"), NewOneToOne::new("u1").message(""), NewOneToOne::new("u1").attach(poll)] {
        conforms(&request_of(&mut chats.create_one_to_one_chat(chat)), "create_chat");
    }
}

#[test]
fn reactions_and_changes_of_members_match_the_contract() {
    let mut bot = bot();
    for reaction in [ReactionType::Ok, ReactionType::Sos] {
        conforms(&request_of(&mut bot.chat.send_reaction(alert(), reaction)), "send_reaction");
    }
    conforms(&request_of(&mut bot.chat.add_members(["u1"], [""; 0])), "add_members");
    conforms(&request_of(&mut bot.chat.add_members([""; 0], ["g1"])), "add_members");
    conforms(&request_of(&mut bot.chat.remove_members(["u1", "u1"], ["g1"])), "remove_members");
    conforms(&request_of(&mut bot.chat.update_title("")), "update_chat");
}

#[test]
fn request_stays_on_its_route_whatever_the_id_or_title() {
    for odd in ["a/b", "../x", "%2e%2e", "a?b#c", " ", "Ünïcödé", "...", "\u{1f600}", "a\\b", "a;b", "a:b@c", "+&="]
    {
        let bot = bot();
        conforms(&request_of(&mut bot.client.chats().by_thread_id(odd)), "get_chat");
        conforms(&request_of(&mut bot.client.contacts().user(odd)), "get_user");
        conforms(&request_of(&mut bot.client.contacts().group(odd)), "get_group");
        conforms(&request_of(&mut bot.client.chats().chat(odd).post("hello")), "post_message");
        conforms(&request_of(&mut bot.client.chats().by_title(odd)), "list_chats");
        conforms(&request_of(&mut bot.client.chats().chat(TID).readers()), "list_readers");
    }
}

#[test]
fn optional_members_of_a_response_may_be_absent() {
    let mut message = sample::message("m1", TID, "hello");
    for optional in ["alert_type", "reply_to", "msg", "attachments", "sender_display_name", "link_preview"] {
        message.as_object_mut().expect("it is an object").remove(optional);
    }
    bot().outcome_after(Operation::Post, response(201, &message)).expect("nothing is missing");
}
