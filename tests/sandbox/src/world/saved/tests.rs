use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::DateTime;
use http::Request;
use serde_json::{Value, json};

use super::{load::Damaged, *};
use crate::world::{Handled, Now, World, ids::Ids, org};

/// A store in memory.
#[derive(Default)]
struct Store {
    saved: Saved,
    parts: BTreeMap<String, Vec<u8>>,
    /// The number of parts that were written.
    written: usize,
}

impl Store {
    fn save(&mut self, world: &mut World, now: Now) {
        let Changes { is_complete, parts } = world.changes(&mut self.saved);
        if is_complete {
            self.parts.clear();
        }
        self.written += parts.len();
        for (name, content) in parts {
            match content {
                Some(content) => drop(self.parts.insert(name, content)),
                None => drop(self.parts.remove(&name)),
            }
        }
        self.parts.insert(TIME.to_owned(), serde_json::to_vec(&world.time(now, now.utc)).expect("it is JSON"));
    }

    fn load(&self) -> Result<World, Damaged> {
        let parts: Vec<_> = self.parts.clone().into_iter().collect();
        Loaded::from_parts(&parts).map(|loaded| loaded.world)
    }
}

/// All parts of a world, as text.
fn dump(world: &mut World) -> Vec<(String, String)> {
    let parts = world.changes(&mut Saved::default()).parts;
    let text = |content: Option<Vec<u8>>| String::from_utf8(content.unwrap_or_default()).expect("it is JSON");
    let mut parts: Vec<_> = parts.into_iter().map(|(name, content)| (name, text(content))).collect();
    parts.sort();
    parts
}

fn at(seconds: u64) -> Now {
    Now::after(DateTime::UNIX_EPOCH, Duration::from_secs(seconds))
}

/// Sends a request of the bot, and returns the JSON of its response.
fn send(world: &mut World, now: Now, method: &str, path: &str, key: Option<&str>, body: &[u8]) -> Value {
    let bot = world.bot_key();
    let token = STANDARD.encode(format!("{}:{}", bot.app_id, bot.secret));
    let media_type = if path == "/v1/assets" { "text/plain" } else { "application/json" };
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Basic {token}"));
    let request = request.header("content-type", media_type);
    let request = request.header("content-disposition", "attachment; filename*=UTF-8''a.txt");
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    match world.handle(now, request.body(body.to_vec()).expect("it is a request")) {
        Handled::Response(response) => serde_json::from_slice(response.body()).unwrap_or_default(),
        Handled::File(_) | Handled::Park { .. } => Value::Null,
    }
}

/// Does something, chosen at random. Most of it succeeds.
fn act(world: &mut World, now: Now, random: &mut Ids) {
    let mut below = |limit: u64| random.next_u64() % limit;
    let (kind, key) = (below(24), format!("k{}", below(30)));
    let people = [org::ANNA, org::BEN, org::CLARA, org::DAVID];
    let person = people[usize::try_from(below(4)).unwrap_or(0)];
    let tids: Vec<_> = world.chats.keys().cloned().collect();
    let tid = tids[usize::try_from(below(u64::try_from(tids.len()).unwrap_or(1))).unwrap_or(0)].clone();
    let messages = &world.chats[&tid].messages;
    let nth = usize::try_from(below(u64::try_from(messages.len().max(1)).unwrap_or(1))).unwrap_or(0);
    let mid = messages.get(nth).map(|message| message.mid.clone()).unwrap_or_default();
    // What is rejected changes nothing, or less.
    match kind {
        0..=3 => drop(world.as_person(now, person).post(&tid, "hello")),
        4 | 5 => drop(world.as_person(now, person).post_alert(&tid, "Pump 3 is down", "alert")),
        6 | 7 => drop(world.as_person(now, person).react(&tid, &mid, if nth % 2 == 0 { "ok" } else { "sos" })),
        8 => drop(world.as_person(now, person).delete(&tid, &mid)),
        9 => drop(world.as_person(now, person).mark_read(&tid)),
        10 => drop(world.as_person(now, person).share(&tid, 53.551_900_000_000_1, 0.1 + 0.2, Duration::from_secs(900))),
        11 => drop(world.as_person(now, person).move_to(1.0 / 3.0, 2.0 / 3.0)),
        12 => {
            let asset = world.as_person(now, person).upload("a.bin", "application/octet-stream", &[0, 255, 7]);
            let file = json!({ "attachments": [{ "kind": "file", "asset": asset }] });
            drop(world.as_person(now, person).post_json(&tid, &file));
        }
        13 => drop(world.as_person(now, person).create_chat("Night", &[org::BEN, org::EMMA])),
        14..=16 => {
            let body = json!({ "msg": key }).to_string();
            send(world, now, "POST", &format!("/v1/chats/{tid}/messages"), Some(&key), body.as_bytes());
        }
        17 => drop(send(world, now, "PUT", "/v1/reactions/subscriptions", Some(&key), b"")),
        18 => drop(send(world, now, "POST", "/v1/assets", Some(&key), b"text")),
        19 => world.org_settings().leaving ^= true,
        20 => drop(world.set_group_member(now, org::ON_CALL, person, nth % 2 == 0)),
        21 => drop(world.set_user_visible(org::HENRY, nth % 2 == 0)),
        22 if nth % 7 == 0 => world.expire_cursors(),
        22 => world.expire_leases(now),
        _ if nth % 9 == 0 => drop(world.reset(random.next_u64(), random.next_u64())),
        _ => drop(world.create_bot("Night")),
    }
}

#[test]
fn world_that_is_saved_after_each_change_is_loaded_unchanged() {
    for seed in 0..20 {
        let mut random = Ids::new(seed);
        let (mut world, mut store, mut seconds) = (World::new(seed), Store::default(), 0);
        for step in 0..300 {
            // Up to an hour passes, so that updates, shares and keys expire.
            seconds += [0, 1, 60, 3600][usize::try_from(random.next_u64() % 4).unwrap_or(0)];
            act(&mut world, at(seconds), &mut random);
            store.save(&mut world, at(seconds));
            let mut loaded = store.load().unwrap_or_else(|damaged| panic!("seed {seed}, step {step}: {damaged}"));
            assert_eq!(dump(&mut loaded), dump(&mut world), "seed {seed}, step {step}");
            assert_eq!(loaded.messages_after(0), world.messages_after(0), "seed {seed}, step {step}");
        }
    }
}

#[test]
fn few_parts_are_written_for_a_change_of_a_large_world() {
    let (mut world, mut store) = (World::new(7), Store::default());
    for _ in 0..2000 {
        world.as_person(at(0), org::ANNA).post(org::LOBBY, "hello").expect("she is a member");
    }
    store.save(&mut world, at(0));
    let mut written = |world: &mut World| {
        store.written = 0;
        store.save(world, at(0));
        store.written
    };
    world.as_person(at(0), org::ANNA).post_alert(org::LOBBY, "hello", "alert").expect("she is a member");
    // The state with its counters, the chat with its readers, the message and the update.
    assert_eq!(written(&mut world), 4);
    assert_eq!(written(&mut world), 0);
    let mid = world.chats[org::LOBBY].messages[2000].mid.clone();
    world.as_person(at(0), org::BEN).react(org::LOBBY, &mid, "ok").expect("he is a member");
    assert_eq!(written(&mut world), 3);
}

#[test]
fn damaged_parts_are_named() {
    let (mut world, mut store) = (World::new(7), Store::default());
    for text in ["one", "two"] {
        world.as_person(at(0), org::ANNA).post(org::LOBBY, text).expect("she is a member");
    }
    store.save(&mut world, at(0));
    let intact = store.parts.clone();
    let messages: Vec<_> = intact.keys().filter(|name| name.starts_with(MESSAGE)).cloned().collect();
    for (name, content) in [
        (FORMAT, Some(&b"2"[..])),
        (TIME, None),
        (STATE, None),
        (STATE, Some(b"{}")),
        ("chat/t-lobby", None),
        ("chat/t-lobby", Some(b"no JSON")),
        (&messages[0], None),
        (&messages[1], Some(b"[]")),
        ("key/a", Some(b"{}")),
    ] {
        store.parts.clone_from(&intact);
        match content {
            Some(content) => drop(store.parts.insert(name.to_owned(), content.to_vec())),
            None => drop(store.parts.remove(name)),
        }
        let damaged = store.load().expect_err("it is damaged").to_string();
        let is_of_a_chat = name.starts_with(CHAT) && content.is_none() && damaged.contains("no chat");
        let follows = name == messages[0] && damaged.contains(&messages[1]);
        assert!(damaged.contains(name) || is_of_a_chat || follows, "{name}: {damaged}");
    }
}

#[test]
fn runs_before_the_updates_that_are_kept_are_forgotten() {
    let (mut world, mut store) = (World::new(7), Store::default());
    let mut lengths = Vec::new();
    for hour in 0..10 {
        // Each run publishes two updates, of which the second removes all before it.
        for seconds in [3_601 * hour, 3_601 * hour + 1_800] {
            world.as_person(at(seconds), org::ANNA).post(org::LOBBY, "hello").expect("she is a member");
        }
        let path = "/v1/messages/updates";
        let now = at(3_601 * hour + 1_800);
        let cursor = send(&mut world, now, "GET", path, None, b"")["cursor"].as_str().expect("it is text").to_owned();
        store.save(&mut world, now);
        lengths.push(store.parts[STATE].len());
        world = store.load().expect("it is intact");
        let saved_at = world.time(now, now.utc);
        world.restart(saved_at, now, hour);
        let poll = send(&mut world, now, "GET", &format!("{path}?cursor={cursor}"), None, b"");
        assert_eq!(poll["items"], json!([]), "{poll}");
    }
    assert!(lengths[9] < lengths[4] + 20, "{lengths:?}");
}
