//! The content of a world, before and after a restart.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use teamwire_sandbox::{Fault, RateLimit, Sandbox, org};

use super::Folder;
use crate::client::{Client, control};

const POST: &str = "/v1/chats/t-lobby/messages";
const AVATAR: &[u8] = include_bytes!("../../../../fixtures/baseline.jpg");

/// Everything that the page shows, except what belongs to a run.
fn view(sandbox: &Sandbox) -> Value {
    let page = sandbox.page_address().expect("it has a page");
    let get = |path: &str| {
        let (status, json) = control(page, &format!("GET {path}"), "");
        // A deleted person cannot be played.
        assert!(status == 200 || status == 404 && path.contains(org::GRETA), "{path}: {status}");
        if status == 200 { json } else { Value::Null }
    };
    let mut view = json!({ "world": get("/world"), "feeds": get("/feeds")["subscriptions"] });
    for name in ["boot", "seq", "clock", "bot_url", "last_seen"] {
        view["world"].as_object_mut().expect("it is an object").remove(name);
    }
    for subscription in view["feeds"].as_array_mut().expect("it is a list") {
        // Leases start again.
        subscription.as_object_mut().expect("it is an object").remove("ends_at_ms");
    }
    for uid in org::PEOPLE {
        let mut chats = get(&format!("/people/{uid}/chats"));
        for chat in chats["items"].as_array_mut().into_iter().flatten() {
            let tid = chat["tid"].as_str().expect("it is text").to_owned();
            for location in chat["locations"].as_array_mut().into_iter().flatten() {
                // A difference of two clocks, each in milliseconds.
                location.as_object_mut().expect("it is an object").remove("moved_at");
            }
            let mut messages = get(&format!("/people/{uid}/chats/{tid}/messages?limit=200"));
            for message in messages["items"].as_array_mut().into_iter().flatten() {
                // The log of requests is not kept.
                message.as_object_mut().expect("it is an object").remove("request");
            }
            chat["all_messages"] = messages;
        }
        view[uid] = chats;
    }
    view
}

fn live(sandbox: &Sandbox, minutes: u64) {
    let anna = sandbox.as_person(org::ANNA);
    anna.share(org::LOBBY, 53.551_912_345_678_9, 10.1, Duration::from_secs(60 * minutes)).expect("she is a member");
    anna.move_to(0.1 + 0.2, -1.0 / 3.0);
}

#[test]
fn everything_is_the_same_after_a_restart() {
    let folder = Folder::new();
    let sandbox = folder.start();
    let (anna, ben) = (sandbox.as_person(org::ANNA), sandbox.as_person(org::BEN));
    let alert = anna.post_alert(org::LOBBY, "Pump 3 is down", "alert").expect("she is a member");
    ben.react(org::LOBBY, &alert, "sos").expect("he is a member");
    let deleted = ben.post(org::LOBBY, "a mistake").expect("he is a member");
    ben.delete(org::LOBBY, &deleted).expect("it is his");
    ben.mark_read(org::LOBBY).expect("he is a member");
    let night = anna.create_chat("Night", &[org::EMMA, org::BOT]).expect("all are known");
    anna.add_groups(&night, &[org::ON_CALL]).expect("she is an admin");
    anna.close(&night).expect("she is an admin");
    ben.one_to_one(org::CLARA).expect("she is known");
    live(&sandbox, 60);
    let mut bot = Client::connect(&sandbox);
    let jpeg = [("content-type", "image/jpeg")];
    bot.send("PUT /v1/chats/t-lobby/avatar", &jpeg, AVATAR).expect("the connection is open");
    bot.read().assert_status(200);
    let name = [("content-type", "text/plain"), ("content-disposition", "attachment; filename*=UTF-8''a.txt")];
    bot.send("POST /v1/assets", &name, b"in a file").expect("the connection is open");
    let in_file = bot.read().assert_status(201).json()["id"].as_str().expect("it has an id").to_owned();
    let post = json!({ "attachments": [{ "kind": "file", "asset": in_file }] });
    bot.post(POST, "k", &post).assert_status(201);
    let in_memory = sandbox.with_world(|world, now| world.as_person(now, org::BOT).upload("b", "a/b", b"\0\xff"));
    bot.send("PUT /v1/events/subscriptions", &[("idempotency-key", "s")], b"").expect("the connection is open");
    bot.read().assert_status(200);
    let admin = sandbox.admin();
    let night_bot = admin.create_bot("Night");
    admin.set_key_revoked(&night_bot.app_id, true);
    admin.allow_leaving(false);
    admin.set_rate_limit(Some(RateLimit { per_second: 1000.5, burst: 500 }));
    admin.set_group_member(org::ON_CALL, org::FARID, true);
    admin.set_user_visible(org::HENRY, false);
    admin.delete_user(org::GRETA);
    // Not kept.
    sandbox.faults().add(Fault::CutAfter);

    let (before, key) = (view(&sandbox), sandbox.secret().to_owned());
    drop(sandbox);
    let sandbox = folder.start();
    assert_eq!((view(&sandbox), sandbox.secret()), (before, key.as_str()));
    assert_eq!(sandbox.data_folder(), Some(folder.path()));
    assert_eq!((sandbox.faults().remaining(), sandbox.data_error()), (0, None));
    let mut bot = Client::connect(&sandbox);
    assert_eq!(bot.get(&format!("/v1/assets/{in_file}")).assert_status(200).bytes, b"in a file");
    assert_eq!(bot.get(&format!("/v1/assets/{in_memory}")).assert_status(200).bytes, b"\0\xff");
    assert_eq!(bot.get("/v1/chats/t-lobby/avatar").assert_status(200).bytes, AVATAR);
    // Ids are not issued twice.
    let mid = sandbox.as_person(org::ANNA).post(org::LOBBY, "x").expect("she is a member");
    assert_ne!(mid, alert);
}

#[test]
fn cursors_leases_and_keys_stay_valid() {
    let folder = Folder::new();
    let sandbox = folder.start();
    let mut bot = Client::connect(&sandbox);
    let feed = "/v1/messages/updates";
    let cursor = bot.get(feed).assert_status(200).json()["cursor"].as_str().expect("it is text").to_owned();
    let mut subscribe = |path: &str| {
        bot.send(&format!("PUT {path}"), &[], b"").expect("the connection is open");
        bot.read().assert_status(200).json()
    };
    let [reactions, expired] = [(); 2].map(|()| subscribe("/v1/reactions/subscriptions"));
    let poll = |subscription: &Value| {
        let [id, cursor] = ["id", "cursor"].map(|name| subscription[name].as_str().unwrap_or_default());
        format!("/v1/reactions/updates?subscription={id}&cursor={cursor}")
    };
    let first = bot.post(POST, "k1", &json!({ "msg": "one" })).assert_status(201).json();
    sandbox.clock().advance(Duration::from_secs(200));
    bot.get(&poll(&reactions)).assert_status(200);
    // Neither response changes the world, so that nothing is saved before the restart but the time.
    sandbox.clock().advance(Duration::from_secs(200));
    bot.get(&poll(&expired)).assert_status(409);
    let time = sandbox.clock().utc();
    drop(sandbox);

    let sandbox = folder.builder().starting_at(time).start().expect("the world is kept");
    let mut bot = Client::connect(&sandbox);
    let updates = bot.get(&format!("{feed}?cursor={cursor}")).assert_status(200).json();
    assert_eq!(updates["items"].as_array().map(Vec::len), Some(1), "{updates}");
    assert_eq!(updates["items"][0]["data"]["mid"], first["mid"]);
    bot.get(&poll(&reactions)).assert_status(200);
    bot.get(&poll(&expired)).assert_status(409);
    assert_eq!(bot.post(POST, "k1", &json!({ "msg": "one" })).assert_status(201).json(), first);
    assert_eq!(
        bot.post(POST, "k1", &json!({ "msg": "two" })).assert_status(422).json()["code"],
        "idempotency_mismatch"
    );
    assert_eq!(sandbox.message_count(), 1);
}

#[test]
fn time_passes_between_two_runs() {
    let folder = Folder::new();
    let sandbox = folder.start();
    live(&sandbox, 15);
    sandbox.clock().advance(Duration::from_secs(600));
    let ten_minutes_later = sandbox.clock().utc();
    drop(sandbox);
    let shares = |sandbox: &Sandbox| sandbox.with_world(|world, _| world.share_count());
    // The clock of the machine is behind that of the world.
    let sandbox = folder.start();
    assert!(sandbox.clock().utc() >= ten_minutes_later);
    assert_eq!(shares(&sandbox), 1);
    drop(sandbox);
    let end = ten_minutes_later + Duration::from_secs(301);
    let sandbox = folder.builder().starting_at(end).start().expect("the world is kept");
    assert_eq!(shares(&sandbox), 0);
}

#[test]
fn given_settings_replace_those_that_were_kept() {
    let folder = Folder::new();
    drop(folder.builder().seed(7).asset_limit(1000).start().expect("the folder is new"));
    let sandbox = folder.builder().seed(8).key("app-1", "secret-1").asset_limit(10).start().expect("it is kept");
    Client::connect(&sandbox).get("/v1/me").assert_status(200);
    assert_eq!((sandbox.app_id(), sandbox.secret()), ("app-1", "secret-1"));
    drop(sandbox);
    let sandbox = folder.start();
    assert_eq!(sandbox.secret(), "secret-1");
    let mut bot = Client::connect(&sandbox);
    let name = [("content-type", "text/plain"), ("content-disposition", "attachment; filename*=UTF-8''a.txt")];
    bot.send("POST /v1/assets", &name, &[0; 11]).expect("the connection is open");
    bot.read().assert_status(413);
}

#[test]
fn reset_empties_the_folder() {
    let folder = Folder::new();
    let sandbox = folder.start();
    sandbox.as_person(org::ANNA).post(org::LOBBY, "one").expect("she is a member");
    let name = [("content-type", "text/plain"), ("content-disposition", "attachment; filename*=UTF-8''a.txt")];
    let mut bot = Client::connect(&sandbox);
    bot.send("POST /v1/assets", &name, b"text").expect("the connection is open");
    bot.read().assert_status(201);
    let files = || fs::read_dir(folder.path().join("files")).expect("it exists").count();
    assert_eq!(files(), 1);
    sandbox.admin().reset(7);
    let key = sandbox.secret().to_owned();
    assert_eq!(files(), 0);
    drop(sandbox);
    let sandbox = folder.start();
    assert_eq!((sandbox.message_count(), sandbox.secret()), (0, key.as_str()));
}
