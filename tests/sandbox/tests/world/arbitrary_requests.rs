//! Arbitrary requests: each gets a response, and none causes a panic.

use serde_json::{Value, json};
use teamwire_sandbox::{org, world::routes};

use crate::fixture::Fixture;

/// A reproducible pseudo-random number generator.
struct Rng(u64);

impl Rng {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }

    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
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

fn value(rng: &mut Rng, depth: usize) -> Value {
    let texts =
        ["", "x", "group", "one_to_one", "live_location", "file", "\u{0}", "2025-03-14T09:00:00.000Z", "u-anna"];
    let names =
        ["msg", "title", "type", "users", "kind", "attachments", "lat", "duration", "recipient", "reaction_type"];
    match rng.below(if depth > 3 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!([f64::MAX, -1.0, 900.0, 0.5][rng.below(4)]),
        3 | 4 => json!(rng.pick(&texts)),
        5 => (0..rng.below(4)).map(|_| value(rng, depth + 1)).collect(),
        _ => Value::Object((0..rng.below(5)).map(|_| (rng.pick(&names).to_owned(), value(rng, depth + 1))).collect()),
    }
}

#[test]
fn arbitrary_requests_never_panic_or_return_5xx() {
    let mut fixture = Fixture::new();
    let mut rng = Rng(7);
    let routes: Vec<_> = routes().collect();
    let routes: Vec<_> = routes.iter().map(String::as_str).collect();
    for _ in 0..20_000 {
        let (mut method, mut path) = {
            let route = rng.pick(&routes);
            let (method, path) = route.split_once(' ').expect("a route has a method and a path");
            (
                method,
                path.split('/').map(|it| if it.starts_with('{') { rng.pick(&IDS) } else { it }).collect::<Vec<_>>(),
            )
        };
        if rng.below(3) == 0 {
            path = (0..=rng.below(6)).map(|_| rng.pick(&SEGMENTS)).collect();
            path.insert(0, "");
            method = rng.pick(&["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"]);
        }
        let path = path.join("/") + rng.pick(&QUERIES);
        let body = value(&mut rng, 0);
        let name = "attachment; filename*=UTF-8''a";
        let result = fixture.request(method, &path).header("content-disposition", name).json(&body).try_send();
        if let Ok(response) = result {
            assert!(response.status < 500, "{method} {path} {body}: {}", response.status);
        }
        if rng.below(100) == 0 {
            fixture.advance(60);
        }
    }
}

#[test]
fn deeply_nested_json_is_rejected() {
    let mut fixture = Fixture::new();
    let deep = "[".repeat(100_000);
    let request = fixture.request("POST", "/v1/chats").header("content-type", "application/json");
    request.body(deep.into_bytes()).send().assert_problem(400, "invalid_request");
}

#[test]
fn unknown_users_can_do_nothing() {
    let mut fixture = Fixture::new();
    for uid in ["", "u-nobody", org::IVAN] {
        assert!(fixture.as_person(uid).post(org::LOBBY, "x").is_err());
        assert!(fixture.as_person(uid).create_chat("x", &[]).is_err());
        assert!(fixture.as_person(uid).move_to(1.0, 1.0).is_empty());
    }
}
