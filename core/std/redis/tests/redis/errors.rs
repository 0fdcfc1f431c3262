use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use teamwire_core::claim::{
    ClaimRequest, Release,
    StoreErrorKind::{Unavailable, Unusable},
};
use teamwire_redis::RedisStore;
use teamwire_std::claims::ClaimStore;

use crate::{
    canned::{Canned, bulk, common, is_script},
    claim, failed, member, save,
    server::{SOON, Server},
};

const SECRET: &str = "hunter-2";

fn store(url: &str) -> RedisStore {
    RedisStore::open(url).expect("the URL is valid").with_timeout(SOON)
}

#[test]
fn errors_of_the_server_are_distinguished() {
    for (reply, kind, reason) in [
        ("-LOADING Redis is loading the dataset in memory", Unavailable, "loads its data"),
        ("-READONLY You can't write against a read only replica.", Unavailable, "read-only"),
        ("-OOM command not allowed when used memory > 'maxmemory'.", Unavailable, "no memory"),
        ("-MISCONF Redis is configured to save RDB snapshots, but", Unavailable, "disk"),
        ("-NOREPLICAS Not enough good replicas to write.", Unavailable, "replicas"),
        ("-MASTERDOWN Link with MASTER is down", Unavailable, "lost its primary"),
        ("-BUSY Redis is busy running a script.", Unavailable, "script"),
        ("-CLUSTERDOWN The cluster is down", Unavailable, "cluster"),
        ("-TRYAGAIN Multiple keys request during rehashing of slot", Unavailable, "moves the keys"),
        ("-NOSCRIPT No matching script.", Unavailable, "scripts"),
        // Of a script in Redis 6.
        ("-ERR Error running script (call to f_4f): @user_script: 12: -READONLY You can't", Unavailable, "read-only"),
        ("-ERR Error running script (call to f_4f): @user_script:12: WRONGTYPE Operation", Unusable, "another type"),
        ("-ERR max number of clients reached", Unavailable, "max number of clients reached"),
        ("-ERR upstream failure", Unavailable, "upstream failure"),
        ("-ERR The user executing the script can't run this command or subcommand", Unusable, "can't run this"),
        ("-ERR unknown command 'EVALSHA', with args beginning with:", Unusable, "unknown command"),
        ("-WRONGTYPE Operation against a key holding the wrong kind of value", Unusable, "another type"),
        ("-NOAUTH Authentication required.", Unusable, "requires a password"),
        ("-NOPERM this user has no permissions to run the 'evalsha' command", Unusable, "permit"),
        ("-DENIED Redis is running in protected mode", Unusable, "protected mode"),
        ("-CROSSSLOT Keys in request don't hash to the same slot", Unusable, "keys"),
        ("*1\r\n+not a number", Unusable, "unexpected result"),
        ("HTTP/1.1 400 Bad Request", Unavailable, "protocol"),
    ] {
        let server = Canned::replying(reply);
        let (found, text) = failed(&mut store(&server.url()));
        assert_eq!(found, kind, "{reply}: {text}");
        assert!(text.starts_with(&format!("Redis at 127.0.0.1:{} ", server.port)), "{text}");
        assert!(text.contains(reason), "{reply}: {text}");
    }
}

#[test]
fn password_appears_nowhere() {
    for (reply, kind) in [
        ("-WRONGPASS invalid username-password pair", Unusable),
        ("-NOPERM this user is disabled", Unusable),
        ("-ERR unknown command 'AUTH', with args beginning with: 'bot' 'hunter-2'", Unusable),
        ("-STRANGE hunter-2", Unusable),
        ("-ERR max number of clients reached hunter-2", Unavailable),
        ("hunter-2", Unavailable),
    ] {
        let server = Canned::start(move |command| {
            if command[0] == "AUTH" {
                assert_eq!(command[1..], ["bot", SECRET]);
                return Some(reply.into());
            }
            Some(common(command))
        });
        let mut store = store(&format!("redis://bot:{SECRET}@127.0.0.1:{}", server.port));
        assert!(!format!("{store:?}").contains(SECRET), "{store:?}");
        let (found, text) = failed(&mut store);
        assert_eq!(found, kind, "{reply}: {text}");
        assert!(!text.contains(SECRET), "{text}");
        let error = store.renew(&member("a")).expect_err("the call fails");
        assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    }
}

#[test]
fn invalid_urls_are_rejected_without_showing_them() {
    for url in [
        "",
        "hunter-2",
        "redis:hunter-2",
        "http://:hunter-2@localhost",
        "redis://:hunter-2@",
        "redis://:hunter-2@localhost/hunter-2",
        "redis://:hunter-2@localhost:hunter-2",
        "redis://hunter-2@localhost",
        // A part of the password would be the host.
        "redis://hunter-2:12#34@localhost",
        "redis://hunter-2:12?34@localhost",
        "redis://hunter-2:12/34@localhost",
        "rediss://:hunter-2@localhost#insecure",
        "redis://:hunter-2@0.0.0.0",
    ] {
        let error = RedisStore::open(url).expect_err(url);
        assert_eq!(error.kind, Unusable, "{url}");
        let error = teamwire_core::Error::from(error);
        for text in [format!("{error}"), format!("{error:#}"), format!("{error:?}")] {
            assert!(!text.contains("hunter"), "{url}: {text}");
            assert!(text.contains("URL of Redis"), "{url}: {text}");
        }
    }
    for url in ["redis://localhost", "valkey://:p%23@[::1]:1/2", "rediss://u:p@example.com", "unix:///s?db=1&pass=p"] {
        RedisStore::open(url).expect(url);
    }
}

#[test]
fn silent_server_does_not_block_a_call() {
    let server = Canned::start(|command| Some(common(command)).filter(|_| !is_script(command)));
    let mut store = store(&server.url()).with_timeout(Duration::from_millis(200));
    let started = Instant::now();
    for connections in 1..=2 {
        let (kind, text) = failed(&mut store);
        assert_eq!(kind, Unavailable);
        assert!(text.contains("does not respond in time"), "{text}");
        assert_eq!(server.connections(), connections, "the connection is not used again");
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn timeout_is_less_than_the_lease() {
    let server = Canned::start(|_| None);
    let mut store = store(&server.url());
    let member = teamwire_core::claim::Member { lease: Duration::from_millis(400), ..member("a") };
    let started = Instant::now();
    store.renew(&member).expect_err("the server is silent");
    assert!(started.elapsed() < SOON / 2, "{:?}", started.elapsed());
}

#[test]
fn server_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    drop(listener);
    let (kind, text) = failed(&mut store(&format!("redis://127.0.0.1:{port}")));
    assert_eq!(kind, Unavailable);
    assert!(text.contains("refused the connection"), "{text}");
}

#[test]
fn scripts_are_sent_to_a_server_that_does_not_know_them() {
    let server = Canned::start(|command| match &*command[0] {
        "EVALSHA" => Some("-NOSCRIPT No matching script.".into()),
        "EVAL" => Some(format!("*2\r\n{}\r\n{}", bulk("7"), bulk("a"))),
        _ => Some(common(command)),
    });
    let view = store(&server.url()).renew(&member("a")).expect("the script is executed");
    assert_eq!((view.members, view.joined), (vec!["a".to_owned()], 7));
}

#[test]
fn redirects_of_a_cluster_are_followed_with_the_login() {
    let node = Canned::start(|command| match &*command[0] {
        "AUTH" if command[1..] != [SECRET] => Some("-WRONGPASS".into()),
        "EVALSHA" => Some(format!("*2\r\n{}\r\n{}", bulk("7"), bulk("a"))),
        _ => Some(common(command)),
    });
    let port = node.port;
    for host in ["127.0.0.1", ""] {
        let server = Canned::replying(&format!("-MOVED 3999 {host}:{port}"));
        let mut store = store(&format!("redis://:{SECRET}@127.0.0.1:{}", server.port));
        for _ in 0..2 {
            assert_eq!(store.renew(&member("a")).expect("the node has the keys").joined, 7);
            assert_eq!(store.address(), format!("127.0.0.1:{port}"));
        }
        assert_eq!(server.connections(), 1, "the node is known then");
    }
    let this = Canned::start(|command| match command {
        [name, ..] if name == "EVALSHA" => Some("-MOVED 3999 127.0.0.1:1".into()),
        _ => Some(common(command)),
    });
    let mut store = store(&this.url());
    let (kind, text) = failed(&mut store);
    assert_eq!(kind, Unavailable, "there is no node on port 1: {text}");
    assert_eq!(store.address(), format!("127.0.0.1:{}", this.port), "it begins with the server of the URL again");
}

#[test]
fn server_that_evicts_keys_is_rejected() {
    let with_info = |info: &'static str| {
        Canned::start(move |command| match &*command[0] {
            "INFO" => Some(if info.starts_with('-') { info.into() } else { bulk(info) }),
            "EVALSHA" => Some(format!("*2\r\n{}\r\n{}", bulk("7"), bulk("a"))),
            _ => Some("+OK".into()),
        })
    };
    let server = with_info("# Memory\r\nmaxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n");
    let (kind, text) = failed(&mut store(&server.url()));
    assert_eq!(kind, Unusable);
    assert!(text.contains("allkeys-lru") && text.contains("noeviction"), "{text}");
    for harmless in [
        "maxmemory:0\r\nmaxmemory_policy:allkeys-lru",
        "maxmemory:1000\r\nmaxmemory_policy:volatile-lru",
        "maxmemory:1000\r\nmaxmemory_policy:noeviction",
        "",
        "-NOPERM this user has no permissions to run the 'info' command",
        "-ERR unknown command 'INFO', with args beginning with: 'memory'",
    ] {
        store(&with_info(harmless).url()).renew(&member("a")).expect(harmless);
    }
}

#[test]
fn records_that_cannot_be_read_are_named() {
    let Some(server) = Server::start(&[]) else { return };
    let mut store = server.store();
    claim(&mut store, "a.1");
    let key = "{teamwire:ops-bot}:feed:all_messages";
    for (command, reason) in [
        (["HSET", key, "fence", "much"], format!("damaged record: {key}")),
        (["HSET", key, "checkpoint", "{"], "checkpoint of all_messages is damaged".to_owned()),
        (["HSET", key, "form", "2"], format!("newer version of this library: {key}")),
        (["SET", key, "1", "KEEPTTL"], "another type".to_owned()),
    ] {
        server.command::<()>(&["DEL", key]);
        claim(&mut store, "a.1");
        server.command::<()>(&command);
        let wanted = ClaimRequest { feed: "all_messages".into(), id: "a.2".into() };
        let error = store.claim(&member("a"), &[wanted], 1).expect_err("it cannot be read");
        assert_eq!(error.kind, Unusable, "{error}");
        assert!(error.to_string().contains(&reason), "{error}");
    }
}

#[test]
fn login_and_database_are_used() {
    let Some(server) = Server::start(&["--requirepass", SECRET]) else { return };
    let (kind, text) = failed(&mut server.store());
    assert_eq!(kind, Unusable);
    assert!(text.contains("requires a password"), "{text}");
    let open = |query: &str| store(&format!("{}?{query}", server.url()));
    let (kind, text) = failed(&mut open("pass=wrong"));
    assert_eq!(kind, Unusable);
    assert!(text.contains("rejects the user name or the password") && !text.contains("wrong"), "{text}");
    open(&format!("pass={SECRET}&db=3")).renew(&member("a")).expect("the password is right");
    let url = format!("{}?pass={SECRET}&db=3", server.url());
    let mut connection = redis::Client::open(url).and_then(|client| client.get_connection()).expect("it is right");
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).expect("it is executed");
    assert_eq!(keys, ["{teamwire:ops-bot}:members"]);
    let (kind, text) = failed(&mut open(&format!("pass={SECRET}&db=99")));
    assert_eq!(kind, Unusable, "{text}");
    assert!(text.contains("DB index"), "{text}");
}

#[test]
fn user_with_the_documented_permissions_can_use_the_store() {
    let readme = include_str!("../../README.md");
    let command = readme.lines().find(|line| line.starts_with("ACL SETUSER")).expect("it is documented");
    let Some(server) = Server::start(&[]) else { return };
    server.command::<()>(&command.split(' ').collect::<Vec<_>>());
    server.command::<()>(&["SET", "of another program", "1"]);
    let mut store = store(&format!("{}?user=bots&pass=password&db=1", server.url()));
    let claimed = claim(&mut store, "a.1");
    store.save(&member("a"), &[save(claimed.claim(), 1)]).expect("it is saved");
    let release = Release { claim: claimed.claim().clone(), is_unfinished: false };
    store.release(&member("a"), &[release]).expect("it is released");
    store.leave(&member("a")).expect("it leaves");
    server.command::<()>(&["ACL", "SETUSER", "bots", "-hset"]);
    let (kind, text) = failed(&mut store);
    assert_eq!(kind, Unusable);
    assert!(text.contains("can't run this command") || text.contains("does not permit"), "{text}");
}
