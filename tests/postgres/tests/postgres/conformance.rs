use std::time::Duration;

use teamwire_blocking::fleet::{
    StoreErrorKind,
    conformance::{self, Subject},
};
use teamwire_postgres_example::PostgresStore;

use crate::server::Server;

/// Moves the times of the members, as if the clock had been moved in the other direction.
const MOVE_MEMBERS: &str = "
    UPDATE teamwire_members SET record = record || jsonb_build_object(
        'joined', (record->>'joined')::bigint + $1, 'beaten', (record->>'beaten')::bigint + $1)";
/// Fences are only moved forward, as they are the same for as long as a claim is.
const MOVE_FEEDS: &str = "
    UPDATE teamwire_feeds SET record = record || jsonb_build_object('fence', (record->>'fence')::bigint + $1)
    WHERE $1::bigint > 0";

struct Shared<'s>(&'s Server);

impl Shared<'_> {
    fn move_records(&self, micros: i64) {
        let mut client = self.0.client();
        for sql in [MOVE_MEMBERS, MOVE_FEEDS] {
            client.execute(sql, &[&micros]).expect("the tables exist");
        }
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).expect("it is short")
}

impl Subject for Shared<'_> {
    type Store = PostgresStore;

    /// Shorter than that of members which live on, and long on a busy machine, as no real time passes.
    const LEASE: Duration = Duration::from_secs(20);

    fn connect(&self) -> PostgresStore {
        self.0.store()
    }

    fn wipe(&self) {
        self.0.client().batch_execute("TRUNCATE teamwire_members, teamwire_feeds").expect("the tables exist");
    }

    fn pass(&self, time: Duration) {
        self.move_records(-micros(time));
    }

    fn set_clock_back(&self, time: Duration) -> bool {
        self.move_records(micros(time));
        true
    }
}

#[test]
fn the_store_conforms() {
    let Some(server) = Server::start() else { return };
    crate::tickets::create_tables(&server);
    conformance::check(|| {
        let shared = Shared(&server);
        shared.wipe();
        shared
    });
}

#[test]
fn errors_name_the_store_and_say_if_a_retry_helps() {
    let Some(server) = Server::start() else { return };
    let call = |config: &str| {
        let mut store = PostgresStore::new(config.parse().expect("it is valid"));
        let member =
            teamwire_blocking::fleet::Member { fleet: "bots".into(), id: "a".into(), lease: Duration::from_secs(60) };
        teamwire_blocking::fleet::ClaimStore::renew(&mut store, &member).map(|view| view.members)
    };
    assert_eq!(call(&server.config()).expect("it is renewed"), ["a"]);
    let error =
        call(&server.config().replace("dbname=postgres", "dbname=unknown password=hidden")).expect_err("it is unknown");
    assert_eq!(error.kind, StoreErrorKind::Unusable, "{error}");
    assert!(error.to_string().starts_with("PostgreSQL: ") && !error.to_string().contains("hidden"), "{error}");
    let config = server.config();
    drop(server);
    assert_eq!(call(&config).expect_err("it is away").kind, StoreErrorKind::Unavailable);
}
