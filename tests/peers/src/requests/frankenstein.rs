//! frankenstein with its client on ureq. All requests of Telegram's interface are POST.

use std::hint::black_box;

use frankenstein::{
    TelegramApi,
    client_ureq::Bot,
    methods::{GetChatParams, SendMessageParams},
};
use teamwire_benchmarks::http::{
    Mode, Verb,
    client::{self, Worker},
    responses,
    server::Route,
};

use crate::text::{fill, render};

const CHAT: i64 = -1_001_234_567_890;

/// Returns the responses of Telegram, as long as those of Teamwire.
pub(super) fn routes() -> Vec<Route> {
    let [get, post] = Verb::ALL.map(|verb| responses::json(verb).len());
    vec![
        Route { start: "POST /bot/getChat", json: fill(get, chat) },
        Route { start: "POST /bot/sendMessage", json: fill(post, message) },
    ]
}

/// Runs the client process.
pub(super) fn run(mode: Mode, port: u16) {
    let bot = Bot::new_url(format!("http://127.0.0.1:{port}/bot"));
    client::threads(vec![Frankenstein(bot); mode.workers()]);
}

#[derive(Clone)]
struct Frankenstein(Bot);

impl Worker for Frankenstein {
    fn request(&mut self, verb: Verb) {
        match verb {
            Verb::Get => {
                let chat = GetChatParams::builder().chat_id(CHAT).build();
                drop(black_box(self.0.get_chat(&chat).expect("the request succeeds")));
            }
            Verb::Post => {
                let message = SendMessageParams::builder().chat_id(CHAT).text(responses::text()).build();
                drop(black_box(self.0.send_message(&message).expect("the request succeeds")));
            }
        }
    }
}

fn chat(text: &str) -> String {
    let template = r#"{
        "ok":true,
        "result":{
            "id":-1001234567890,
            "title":"Ward 7, early shift",
            "type":"supergroup",
            "description":"$TEXT",
            "permissions":{"can_send_messages":true,"can_send_photos":true,"can_invite_users":false},
            "accepted_gift_types":{
                "unlimited_gifts":false,
                "limited_gifts":false,
                "unique_gifts":false,
                "premium_subscription":false,
                "gifts_from_channels":false
            },
            "max_reaction_count":11,
            "accent_color_id":3
        }
    }"#;
    render(template, &[("$TEXT", text)])
}

fn message(text: &str) -> String {
    let template = r#"{
        "ok":true,
        "result":{
            "message_id":2746,
            "from":{"id":1276618370,"is_bot":true,"first_name":"Anna","username":"anna_bot"},
            "chat":{"id":-1001234567890,"title":"Ward 7, early shift","type":"supergroup"},
            "date":1767225600,
            "text":"$TEXT"
        }
    }"#;
    render(template, &[("$TEXT", text)])
}
