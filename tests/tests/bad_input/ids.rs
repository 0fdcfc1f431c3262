//! Invalid ids, and ids with any characters.

use proptest::prelude::*;
use teamwire_core::{Client, Draft, ErrorKind, NewChat, executor::Manual, machine::Step, model::NewOneToOne};
use teamwire_tests::operations::{ENTROPY, config, now, request_of};

use super::{bot, client, refused};

/// Invalid ids.
const NO_IDS: &[(&str, &str)] = &[("", "empty"), (".", "must not be `.`"), ("..", "must not be `.`")];

#[test]
fn invalid_id_sends_no_request() {
    let long = "x".repeat(129);
    for (id, why) in NO_IDS.iter().copied().chain([(long.as_str(), "128")]) {
        let client = client();
        let (chats, contacts) = (client.chats(), client.contacts());
        refused(chats.by_thread_id(id), "thread id", why);
        refused(chats.chat(id).post("hello"), "thread id", why);
        refused(chats.chat(id).messages(None), "thread id", why);
        refused(chats.chat(id).message("m1"), "thread id", why);
        refused(chats.chat("c1").message(id), "message id", why);
        refused(chats.chat(id).readers(), "thread id", why);
        refused(chats.chat(id).mark_as_read(), "thread id", why);
        refused(contacts.user(id), "user id", why);
        refused(contacts.group(id), "group id", why);
        refused(chats.create_one_to_one_chat(id), "user id", why);
        refused(chats.create_one_to_one_chat(NewOneToOne::new(id)), "user id", why);
        refused(chats.create_chat(NewChat::titled("").user(id)), "user id", why);
        refused(chats.create_chat(NewChat::titled("").admins(["u1", id])), "user id", why);
        refused(chats.create_chat(NewChat::titled("").group(id)), "group id", why);
        refused(chats.chat("c1").post(Draft::text("hello").reply_to(id)), "message id", why);
        assert!(client.executor().requests().is_empty());

        let mut bot = bot();
        refused(bot.chat.add_members(["u1", id], ["g1"]), "user id", why);
        refused(bot.chat.remove_members(["u1"], ["g1", id]), "group id", why);
        refused(bot.chat.add_admin(id), "user id", why);
        refused(bot.chat.remove_admin(id), "user id", why);
        assert_eq!(bot.client.executor().requests().len(), 1, "the search for the chat and nothing else");
    }
}

/// The path of the feed of new messages would be that of the message.
#[test]
fn message_id_that_is_another_route_is_refused() {
    let client = client();
    refused(client.chats().chat("c1").message("updates"), "message id", "must not be `updates`");
    assert!(client.executor().requests().is_empty());
}

#[test]
fn longest_id_is_taken_and_counted_in_characters() {
    for longest in ["x".repeat(128), "\u{1f600}".repeat(128)] {
        let client = Client::new(Manual::new(config(), ENTROPY, now()));
        request_of(&mut client.chats().chat(longest).post("hello"));
    }
}

/// Returns the path of a request with this id.
fn path(id: &str) -> String {
    let client = Client::new(Manual::new(config(), ENTROPY, now()));
    request_of(&mut client.chats().chat(id).post("hello")).uri().path().to_owned()
}

#[test]
fn id_is_one_segment_whatever_is_in_it() {
    for (id, segment) in [
        ("a/b", "a%2Fb"),
        ("../me", "..%2Fme"),
        ("../../v1/me", "..%2F..%2Fv1%2Fme"),
        ("%2e%2e", "%252e%252e"),
        ("a%2Fb", "a%252Fb"),
        ("a?b", "a%3Fb"),
        ("a#b", "a%23b"),
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("a\\b", "a%5Cb"),
        ("...", "..."),
        (".a", ".a"),
        ("Ü", "%C3%9C"),
        ("\u{1f600}", "%F0%9F%98%80"),
        ("\u{feff}", "%EF%BB%BF"),
        ("\r\n", "%0D%0A"),
        ("A-z_0.9~", "A-z_0.9~"),
        ("@:", "%40%3A"),
    ] {
        assert_eq!(path(id), format!("/v1/chats/{segment}/messages"));
    }
}

proptest! {
    #![proptest_config(teamwire_tests::cases(400))]

    #[test]
    fn no_id_reaches_another_route(id in "\\PC{1,20}|[./%]{1,6}|[[:cntrl:]]{1,4}") {
        let client = Client::new(Manual::new(config(), ENTROPY, now()));
        let chat = client.chats().chat(id.as_str());
        let step = chat.post("hello").poll(now());
        match step {
            Step::Send(_, exchange) => {
                let path: Vec<_> = exchange.request.uri().path().split('/').collect();
                prop_assert_eq!(path.len(), 5);
                prop_assert_eq!((path[1], path[2], path[4]), ("v1", "chats", "messages"));
                let decoded = percent_decoded(path[3]);
                prop_assert_eq!(decoded, id.as_bytes());
            }
            Step::Done(Err(error)) if error.kind() == ErrorKind::InvalidInput => {
                prop_assert!(id == "." || id == ".." || id.contains('\0'));
            }
            step => prop_assert!(false, "{step:?}"),
        }
    }
}

fn percent_decoded(segment: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        if let (b'%', [high, low, after @ ..]) = (first, after) {
            let digit = |byte: &u8| char::from(*byte).to_digit(16).expect("two digits follow a percent sign");
            decoded.push(u8::try_from(digit(high) * 16 + digit(low)).expect("two digits are a byte"));
            rest = after;
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    decoded
}
