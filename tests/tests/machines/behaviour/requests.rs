//! The headers and the timeout of every request.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;
use teamwire_core::{
    AlertType, Client, Draft, NewChat,
    config::{Limits, Timeouts},
    effect::{Exchange, Timeout},
    machine::Step,
    model::NewOneToOne,
};
use teamwire_tests::operations::{ByHandBot, Class, ENTROPY, Operation, config, now, request_of};

fn exchange(config: teamwire_core::Config, operation: Operation) -> Exchange {
    ByHandBot::by_hand(config, ENTROPY).drive(operation, |flow| match flow.poll(now()) {
        Step::Send(_, exchange) => *exchange,
        step => panic!("{step:?}"),
    })
}

fn header(exchange: &Exchange, name: &str) -> Option<String> {
    let value = exchange.request.headers().get(name)?;
    Some(value.to_str().expect("it is text").to_owned())
}

#[test]
fn each_operation_has_its_kind_of_timeout() {
    let own = Timeouts {
        request: Duration::from_secs(3),
        listing: Duration::from_secs(7),
        transfer_idle: Duration::from_secs(9),
    };
    let by_default = Timeouts {
        request: Duration::from_secs(10),
        listing: Duration::from_secs(15),
        transfer_idle: Duration::from_secs(60),
    };
    for operation in Operation::ALL {
        let lists_chats = matches!(operation, Operation::GetSubscriptions | Operation::GetByTitle);
        let long = operation.class() == Class::Contacts || lists_chats;
        let expected = |timeouts: Timeouts| match operation {
            Operation::SetAvatar | Operation::LoadAvatar => Timeout::Idle(timeouts.transfer_idle),
            _ if long => Timeout::Total(timeouts.listing),
            _ => Timeout::Total(timeouts.request),
        };
        assert_eq!(exchange(config(), *operation).timeout, expected(by_default), "{operation:?}");
        assert_eq!(exchange(config().with_timeouts(own), *operation).timeout, expected(own), "{operation:?}");
    }
}

#[test]
fn response_may_be_as_large_as_the_limit() {
    assert_eq!(exchange(config(), Operation::Me).limit, 16 << 20);
    let small = config().with_limits(Limits { max_response_size: 9, ..Limits::default() });
    assert_eq!(exchange(small, Operation::Me).limit, 9);
}

#[test]
fn every_request_has_accept_and_user_agent() {
    let named = config().with_user_agent("watchdog/2").expect("it is printable ASCII");
    for operation in Operation::ALL {
        let exchange = exchange(named.clone(), *operation);
        let takes = if *operation == Operation::LoadAvatar { "*/*" } else { "application/json" };
        assert_eq!(header(&exchange, "accept").as_deref(), Some(takes));
        let agent = header(&exchange, "user-agent").expect("it says who it is");
        assert!(agent.starts_with("watchdog/2 teamwire-rust/"), "{agent}");
        assert_eq!(header(&exchange, "authorization").as_deref(), Some("Basic YXBwLTdmM2E6czNjcjN0LW9mLXRoZS1ib3Q="));
        assert!(exchange.request.headers()["authorization"].is_sensitive());
        assert_eq!(exchange.request.uri().scheme_str(), Some("https"));
        for framing in ["host", "content-length", "connection", "transfer-encoding"] {
            assert_eq!(header(&exchange, framing), None, "it belongs to the HTTP stack");
        }
    }
}

#[test]
fn only_a_request_with_a_body_has_a_content_type() {
    let mut with = 0;
    for operation in Operation::ALL {
        let exchange = exchange(config(), *operation);
        let body = exchange.request.body().length() > 0;
        let is_image = *operation == Operation::SetAvatar;
        let media_type = body.then(|| if is_image { "image/jpeg" } else { "application/json" }.to_owned());
        assert_eq!(header(&exchange, "content-type"), media_type, "{operation:?}");
        with += usize::from(body);
    }
    assert_eq!(with, 12);
}

#[test]
fn only_changing_operations_have_an_idempotency_key() {
    let mut bot = ByHandBot::by_hand(config(), ENTROPY);
    let mut keys = BTreeSet::new();
    for operation in Operation::ALL {
        let request = bot.request(*operation);
        let once = request.method() != "GET";
        let key = request.headers().get("idempotency-key");
        assert_eq!(key.is_some(), once, "{operation:?}");
        if let Some(key) = key {
            let key = key.to_str().expect("it is text");
            assert!((1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(keys.insert(key.to_owned()), "{operation:?} has the key of another operation");
        }
    }
    assert!(keys.len() > 8, "{}", keys.len());
}

#[test]
fn key_of_ones_own_is_used() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let (chats, key) = (bot.client.chats(), "alarm-4711/raised");
    let requests = [
        request_of(&mut bot.chat.post(Draft::text("hello").idempotency_key(key))),
        request_of(&mut chats.create_chat(NewChat::titled("").idempotency_key(key))),
        request_of(&mut chats.create_one_to_one_chat(NewOneToOne::new("u1").idempotency_key(key))),
    ];
    for request in requests {
        assert_eq!(request.headers()["idempotency-key"], key);
    }
}

#[test]
fn keys_come_from_the_entropy_and_from_nothing_else() {
    let keys = |entropy: [u8; 32]| {
        let bot = ByHandBot::by_hand(config(), entropy);
        [(); 3].map(|()| request_of(&mut bot.chat.post("hello")).headers()["idempotency-key"].clone())
    };
    assert_eq!(keys([7; 32]), keys([7; 32]), "the same entropy, the same keys: a test can write them down");
    let (ours, theirs) = (keys([7; 32]), keys([8; 32]));
    assert!(ours.iter().all(|key| !theirs.contains(key)), "sessions share no key");
}

#[test]
fn clones_of_a_client_share_no_key() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let clone: Client<_> = bot.client.clone();
    let keys: BTreeSet<_> = std::thread::scope(|scope| {
        let threads = [&bot.client, &clone].map(|client| {
            scope.spawn(move || {
                let chat = client.chats().chat("c1");
                let key = |_| request_of(&mut chat.post("hello")).headers()["idempotency-key"].clone();
                (0..200).map(key).collect::<Vec<_>>()
            })
        });
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("it does not panic"))
            .map(|key| format!("{key:?}"))
            .collect()
    });
    assert_eq!(keys.len(), 400);
}

#[test]
fn draft_sends_its_content_and_nothing_else() {
    let bot = ByHandBot::by_hand(config(), ENTROPY);
    let sent = |draft: Draft| {
        let request = request_of(&mut bot.chat.post(draft));
        serde_json::from_slice::<serde_json::Value>(request.body()).expect("it is JSON")
    };
    assert_eq!(sent("hello".into()), json!({ "msg": "hello" }));
    assert_eq!(sent(String::from("hello").into()), sent((&String::from("hello")).into()));
    assert_eq!(sent(Draft::text("hello").set_alert(true)), json!({ "msg": "hello", "alert_type": "alert" }));
    let note = Draft::text("hello").alert(AlertType::Note);
    assert_eq!(sent(note.clone().set_alert(true)), json!({ "msg": "hello", "alert_type": "note" }));
    assert_eq!(sent(note.set_alert(false)), json!({ "msg": "hello", "alert_type": "note" }));
    assert_eq!(sent(Draft::text("hello").set_alert(false)), json!({ "msg": "hello" }));
    assert_eq!(
        sent(Draft::text("hello").set_alert(true).set_alert(false)),
        json!({ "msg": "hello" }),
        "the last one counts"
    );
    let reply = Draft::text("hello").reply_to("m1").sender_display_name("Monitoring");
    assert_eq!(sent(reply), json!({ "msg": "hello", "reply_to": "m1", "sender_display_name": "Monitoring" }));
}
