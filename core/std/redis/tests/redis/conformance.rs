use std::time::Duration;

use teamwire_core::claim::{ClaimRequest, Member};
use teamwire_redis::RedisStore;
use teamwire_std::claims::{
    ClaimStore,
    conformance::{self, Subject},
};

use crate::{member, server::Server};

/// Moves all times of the records, as if the clock had been moved in the other direction. Fences are only moved
/// forward, as they are the same for as long as a claim is.
const MOVE: &str = "
    local micros = tonumber(ARGV[1])
    local function moved(number) return string.format('%.0f', tonumber(number) + micros) end
    for _, key in ipairs(redis.call('KEYS', '*')) do
        if string.match(key, ':members$') then
            local fields = redis.call('HGETALL', key)
            for i = 1, #fields, 2 do
                local joined, beaten, lease = string.match(fields[i + 1], '(%d+) (%d+) (%d+)')
                redis.call('HSET', key, fields[i], moved(joined) .. ' ' .. moved(beaten) .. ' ' .. lease)
            end
        elseif micros > 0 then
            redis.call('HSET', key, 'fence', moved(redis.call('HGET', key, 'fence')))
        end
    end
";

struct Shared<'s>(&'s Server);

impl Shared<'_> {
    fn move_records(&self, micros: &str) {
        self.0.command::<()>(&["EVAL", MOVE, "0", micros]);
    }
}

impl Subject for Shared<'_> {
    type Store = RedisStore;

    /// Shorter than that of members which live on, and long on a busy machine, as no real time passes.
    const LEASE: Duration = Duration::from_secs(20);

    fn connect(&self) -> RedisStore {
        self.0.store()
    }

    fn wipe(&self) {
        self.0.command::<()>(&["FLUSHALL"]);
    }

    fn pass(&self, time: Duration) {
        self.move_records(&format!("-{}", time.as_micros()));
    }

    fn set_clock_back(&self, time: Duration) -> bool {
        self.move_records(&time.as_micros().to_string());
        true
    }
}

#[test]
fn the_store_conforms() {
    let Some(server) = Server::start(&[]) else { return };
    conformance::check(|| {
        let shared = Shared(&server);
        shared.wipe();
        shared
    });
}

#[test]
fn all_keys_of_a_fleet_are_in_one_slot_and_have_no_expiry() {
    let Some(server) = Server::start(&[]) else { return };
    let mut store = server.store();
    for fleet in ["ops-bot", "", "}", "a{b}c", "a}:feed:b"] {
        server.command::<()>(&["FLUSHALL"]);
        let member = Member { fleet: fleet.into(), ..member("a") };
        store.renew(&member).expect("it is renewed");
        let wanted = ["x", "{y}", "}"].map(|feed| ClaimRequest { feed: feed.into(), id: feed.into() });
        store.claim(&member, &wanted, 9).expect("they are granted");
        let keys: Vec<String> = server.command(&["KEYS", "*"]);
        assert_eq!(keys.len(), 4, "{keys:?}");
        let tag = |key: &str| key.split_once('{')?.1.split_once('}').map(|(tag, _)| tag.to_owned());
        let first = tag(&keys[0]).expect("it has a tag");
        assert!(first.starts_with("teamwire:"), "{keys:?}");
        assert!(keys.iter().all(|key| tag(key).as_ref() == Some(&first)), "{keys:?}");
        for key in &keys {
            assert_eq!(server.command::<i64>(&["TTL", key]), -1, "{key}");
        }
    }
}

#[test]
fn keys_of_fleets_with_any_names_are_different() {
    let Some(server) = Server::start(&[]) else { return };
    let mut store = server.store();
    let wanted = ClaimRequest { feed: "y}:members".into(), id: "1".into() };
    store.claim(&Member { fleet: "x".into(), ..member("a") }, &[wanted], 1).expect("it is granted");
    store.renew(&Member { fleet: "x}:feed:y".into(), ..member("a") }).expect("its members have a key of their own");
}
