//! Every request of the contract, and its expectation.

use std::{collections::BTreeSet, fmt::Debug};

use serde_json::json;
use teamwire_core::{
    Draft, ReactionType, Script,
    effect::Exchange,
    machine::{Feed, Reply, Step, Ticket},
    model::{Asset, Upload},
    script::{
        Expect,
        v1::{expect, respond, sample},
    },
};
use teamwire_tests::{
    contract::Contract,
    operations::{ByHandBot, ENTROPY, Operation, TID, config, now, response},
};

use crate::{by_hand, first, is_expected};

/// The name of an expectation, a request that it is made for, and the expectation.
type Row = (&'static str, Exchange, Expect);

/// Returns the expectation for an operation of the table.
fn expectation(operation: Operation) -> (&'static str, Expect) {
    use Operation as Op;
    match operation {
        Op::Post => ("post", expect::post(TID).into()),
        Op::AddMembers => ("add_members", expect::add_members(TID).into()),
        Op::RemoveMembers => ("remove_members", expect::remove_members(TID).into()),
        Op::Leave => ("leave_chat", expect::leave_chat(TID)),
        Op::AddAdmin => ("add_admin", expect::add_admin(TID, "u-anna")),
        Op::RemoveAdmin => ("remove_admin", expect::remove_admin(TID, "u-anna")),
        Op::GetReaders => ("readers", expect::readers(TID).into()),
        Op::MarkAsRead => ("mark_as_read", expect::mark_as_read(TID)),
        Op::PullChatFeed | Op::GetMessages => ("messages", expect::messages(TID).into()),
        Op::Message => ("message", expect::message(TID, "m1")),
        Op::UpdateTitle => ("update_title", expect::update_title(TID, "Ward 3")),
        Op::SetAllowSending => ("set_allow_sending", expect::set_allow_sending(TID, false)),
        Op::SetAllowMuteNotifications => {
            ("set_allow_mute_notifications", expect::set_allow_mute_notifications(TID, false))
        }
        Op::Close => ("close_chat", expect::close_chat(TID)),
        Op::Reopen => ("reopen_chat", expect::reopen_chat(TID)),
        Op::SetAvatar => ("set_avatar", expect::set_avatar(TID)),
        Op::RemoveAvatar => ("remove_avatar", expect::remove_avatar(TID)),
        Op::LoadAvatar => ("avatar", expect::avatar(TID)),
        Op::GetActiveSharedLocations => ("location_count", expect::location_count(TID)),
        Op::StopSharingLocation => ("stop_sharing_location", expect::stop_sharing_location(TID)),
        Op::UnsubscribeLocationUpdates => {
            ("unsubscribe_all_live_locations", expect::unsubscribe_all_live_locations(TID))
        }
        Op::SendReaction => ("send_reaction", expect::send_reaction(TID, "m1", &ReactionType::Ok)),
        Op::GetReactions => ("reactions", expect::reactions(TID, "m1").into()),
        Op::UpdateReaction => ("update_reaction", expect::update_reaction(TID, "m1", "r1", &ReactionType::Sos)),
        Op::GetSubscriptions => ("chats", expect::chats().into()),
        Op::GetByThreadId => ("chat", expect::chat(TID)),
        Op::GetByTitle => ("chats_by_title", expect::chats_by_title("Night shift").into()),
        Op::CreateOneToOneChat => ("create_one_to_one_chat", expect::create_one_to_one_chat("u-anna").into()),
        Op::CreateChat => ("create_chat", expect::create_chat().into()),
        Op::UpdateSharedLocation => ("move_location", expect::move_location().into()),
        Op::RefreshSharedLocations => ("location_shares", expect::location_shares().into()),
        Op::UnsubscribeReactionUpdates => ("unsubscribe_all_reactions", expect::unsubscribe_all_reactions()),
        Op::UnsubscribeEvents => ("unsubscribe_all_events", expect::unsubscribe_all_events()),
        Op::Me => ("me", expect::me()),
        Op::Users => ("users", expect::users().into()),
        Op::User => ("user", expect::user("u-anna")),
        Op::Groups => ("groups", expect::groups().into()),
        Op::Group => ("group", expect::group("g-on-call")),
    }
}

/// Returns the request of a feed.
#[track_caller]
fn sent<E: Debug, T: Debug>(feed: &mut impl Feed<Event = E, Output = T>) -> (Ticket, Exchange) {
    match feed.poll(now()) {
        Step::Send(ticket, exchange) => (ticket, *exchange),
        step => panic!("it should send a request, not return {step:?}"),
    }
}

/// Returns the requests of a feed with a subscription: to subscribe, to poll, and to unsubscribe.
fn leased<E: Debug, T: Debug>(mut feed: impl Feed<Event = E, Output = T>) -> [Exchange; 3] {
    let (ticket, subscribe) = sent(&mut feed);
    let subscribed = response(200, &json!({ "id": "s1", "cursor": "k0" }));
    feed.handle(now(), ticket, Reply::Response(subscribed));
    let Step::Event(_) = feed.poll(now()) else { panic!("it has started") };
    let (_, poll) = sent(&mut feed);
    feed.stop(now());
    [subscribe, poll, sent(&mut feed).1]
}

/// Returns all requests, and their expectations.
pub(crate) fn all() -> Vec<Row> {
    let mut bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut rows: Vec<Row> = Operation::ALL
        .iter()
        .map(|operation| {
            let (name, expect) = expectation(*operation);
            (name, bot.drive(*operation, |flow| first(flow)), expect)
        })
        .collect();

    let client = by_hand();
    let chat = client.chats().chat(TID);
    let post = Draft::new().attach(Upload::from_bytes("plan.txt", "stay calm"));
    rows.push(("upload", first(&mut *chat.post(post)), expect::upload().into()));
    let asset = Asset::new("a1", "plan.txt", "text/plain", 9);
    rows.push(("download", first(&mut *client.chats().download(&asset)), expect::download(&asset)));

    let [subscribe, poll, unsubscribe] = leased(chat.live_locations(None));
    rows.extend([
        ("subscribe_live_locations", subscribe, expect::subscribe_live_locations(TID)),
        ("live_location_updates", poll, expect::live_location_updates(TID).into()),
        ("unsubscribe_live_locations", unsubscribe, expect::unsubscribe_live_locations(TID, "s1")),
    ]);
    let [subscribe, poll, unsubscribe] = leased(client.chats().reaction_updates(None));
    rows.extend([
        ("subscribe_reactions", subscribe, expect::subscribe_reactions()),
        ("reaction_updates", poll, expect::reaction_updates().into()),
        ("unsubscribe_reactions", unsubscribe, expect::unsubscribe_reactions("s1")),
    ]);
    let [subscribe, poll, unsubscribe] = leased(client.chats().events(None));
    rows.extend([
        ("subscribe_events", subscribe, expect::subscribe_events()),
        ("event_updates", poll, expect::event_updates().into()),
        ("unsubscribe_events", unsubscribe, expect::unsubscribe_events("s1")),
    ]);
    let of_chat = sent(&mut chat.new_messages(None)).1;
    rows.push(("message_updates", of_chat, expect::message_updates(TID).into()));
    let of_all = sent(&mut client.chats().new_messages(None)).1;
    rows.push(("all_message_updates", of_all, expect::all_message_updates().into()));
    rows
}

#[test]
fn each_request_matches_its_own_expectation_only() {
    let rows = all();
    for (name, _, expect) in &rows {
        let script = Script::new().always(expect.clone(), respond::done());
        for (other, exchange, _) in &rows {
            let request = format!("{} {}", exchange.request.method(), exchange.request.uri());
            assert_eq!(!script.is_done(exchange), name == other, "{request} and the expectation {name}");
        }
    }
}

#[test]
fn every_operation_of_the_contract_has_an_expectation() {
    let contract = Contract::load();
    let covered: BTreeSet<_> = all()
        .into_iter()
        .map(|(name, exchange, _)| {
            contract.check_head(&exchange.request).unwrap_or_else(|violation| panic!("{name}: {violation}"))
        })
        .collect();
    // The probe of load balancers is not for bots.
    let expected: BTreeSet<_> = contract.operations().filter(|id| id.as_str() != "get_health").cloned().collect();
    assert_eq!(covered, expected);
}

#[test]
fn pages_and_polls_match_with_any_cursor_or_a_given_one() {
    let rows = all();
    let with_cursor = |name: &str| {
        let (_, exchange, _) = rows.iter().find(|(it, ..)| *it == name).expect("it is in the table");
        let mut exchange = exchange.clone();
        let uri = exchange.request.uri();
        let separator = if uri.query().is_some() { '&' } else { '?' };
        let uri = format!("{uri}{separator}cursor=k7");
        *exchange.request.uri_mut() = uri.parse().expect("it is a URI");
        exchange
    };
    let cases: [(&str, Expect, Expect, Expect); 4] = [
        ("users", expect::users().into(), expect::users().cursor("k7").into(), expect::users().cursor("k8").into()),
        (
            "messages",
            expect::messages(TID).into(),
            expect::messages(TID).cursor("k7").into(),
            expect::messages(TID).cursor("k8").into(),
        ),
        (
            "message_updates",
            expect::message_updates(TID).into(),
            expect::message_updates(TID).cursor("k7").into(),
            expect::message_updates(TID).cursor("k8").into(),
        ),
        (
            "all_message_updates",
            expect::all_message_updates().into(),
            expect::all_message_updates().cursor("k7").into(),
            expect::all_message_updates().cursor("k8").into(),
        ),
    ];
    for (name, any, this, other) in cases {
        let exchange = with_cursor(name);
        assert!(is_expected(&exchange, any), "{name}");
        assert!(is_expected(&exchange, this), "{name}");
        assert!(!is_expected(&exchange, other), "{name}");
    }
    let poll = rows.iter().find(|(name, ..)| *name == "reaction_updates").expect("it is in the table").1.clone();
    assert!(is_expected(&poll, expect::reaction_updates().subscription("s1").cursor("k0")));
    assert!(!is_expected(&poll, expect::reaction_updates().subscription("s2")));
}

#[test]
fn samples_and_models_are_accepted_alike() {
    let json = sample::user("u-anna", "Anna", "Berg");
    assert_eq!(sample::of(&crate::rendering::anna()), json);
}
