//! Nobody's idea of a request: each gets an answer, and none a panic.

use serde_json::{Value, json};
use teamwire_sandbox::{org, world::routes};

use crate::stage::Stage;

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }

    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.roll(of.len())]
    }
}

const SEGMENTS: [&str; 30] = [
    "v1",
    "chats",
    "users",
    "groups",
    "me",
    "t-lobby",
    "t-notices",
    "u-anna",
    "g-on-call",
    "messages",
    "updates",
    "reactions",
    "subscriptions",
    "location",
    "active",
    "members",
    "add",
    "remove",
    "admins",
    "readers",
    "read",
    "close",
    "leave",
    "avatar",
    "assets",
    "health",
    "",
    "..",
    "%ff",
    "a%2Fb",
];

const IDS: [&str; 8] = ["t-lobby", "t-notices", "u-anna", "g-on-call", "nobody", "%2e%2e", "%ff", "a%2Fb"];

const QUERIES: [&str; 10] = [
    "",
    "?",
    "?limit=0",
    "?limit=99999999999999999999",
    "?cursor=%00",
    "?cursor=YQ",
    "?since=x",
    "?wait=25&wait=25",
    "?title=%F0%9F%98%80&",
    "?subscription=..&cursor=",
];

fn value(dice: &mut Dice, depth: usize) -> Value {
    let texts =
        ["", "x", "group", "one_to_one", "live_location", "file", "\u{0}", "2025-03-14T09:00:00.000Z", "u-anna"];
    let names =
        ["msg", "title", "type", "users", "kind", "attachments", "lat", "duration", "recipient", "reaction_type"];
    match dice.roll(if depth > 3 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!([f64::MAX, -1.0, 900.0, 0.5][dice.roll(4)]),
        3 | 4 => json!(dice.pick(&texts)),
        5 => (0..dice.roll(4)).map(|_| value(dice, depth + 1)).collect(),
        _ => Value::Object((0..dice.roll(5)).map(|_| (dice.pick(&names).to_owned(), value(dice, depth + 1))).collect()),
    }
}

#[test]
fn no_request_whatever_makes_the_world_panic_or_fail() {
    let mut stage = Stage::new();
    let mut dice = Dice(7);
    let routes: Vec<_> = routes().collect();
    let routes: Vec<_> = routes.iter().map(String::as_str).collect();
    for _ in 0..20_000 {
        let (mut method, mut path) = {
            let route = dice.pick(&routes);
            let (method, path) = route.split_once(' ').expect("a route has a method and a path");
            (
                method,
                path.split('/').map(|it| if it.starts_with('{') { dice.pick(&IDS) } else { it }).collect::<Vec<_>>(),
            )
        };
        if dice.roll(3) == 0 {
            path = (0..=dice.roll(6)).map(|_| dice.pick(&SEGMENTS)).collect();
            path.insert(0, "");
            method = dice.pick(&["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"]);
        }
        let path = path.join("/") + dice.pick(&QUERIES);
        let body = value(&mut dice, 0);
        let name = "attachment; filename*=UTF-8''a";
        let answered = stage.ask(method, &path).header("content-disposition", name).json(&body).send();
        if let Ok(answer) = answered {
            assert!(answer.status < 500, "{method} {path} {body}: {}", answer.status);
        }
        if dice.roll(100) == 0 {
            stage.pass(60);
        }
    }
}

#[test]
fn deep_json_is_refused_and_not_followed() {
    let mut stage = Stage::new();
    let deep = "[".repeat(100_000);
    let ask = stage.ask("POST", "/v1/chats").header("content-type", "application/json");
    ask.body(deep.into_bytes()).answer().fails(400, "invalid_request");
}

#[test]
fn a_user_that_nobody_is_can_do_nothing() {
    let mut stage = Stage::new();
    for uid in ["", "u-nobody", org::IVAN] {
        assert!(stage.act(uid).post(org::LOBBY, "x").is_err());
        assert!(stage.act(uid).create_chat("x", &[]).is_err());
        assert!(stage.act(uid).move_to(1.0, 1.0).is_empty());
    }
}
