use std::time::{Duration, Instant};

use teamwire_core::claim::{Claimed, Saved, StoreErrorKind};
use teamwire_std::claims::ClaimStore;

use crate::{claim, failed, member, save, server::Server};

#[test]
fn connection_that_was_cut_is_replaced_by_the_next_call() {
    let Some(server) = Server::start(&[]) else { return };
    let mut store = server.store();
    let first = claim(&mut store, "a.1");
    server.cut_connections();
    let (kind, text) = failed(&mut store);
    assert_eq!(kind, StoreErrorKind::Unavailable);
    assert!(text.contains("closed the connection"), "{text}");
    assert_eq!(claim(&mut store, "a.1"), first);
}

#[test]
fn checkpoints_survive_a_crash_of_the_server() {
    let Some(mut server) = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]) else { return };
    let mut store = server.store();
    let claimed = claim(&mut store, "a.1");
    assert_eq!(store.save(&member("a"), &[save(claimed.claim(), 41)]).expect("it is saved"), [Saved::Yes]);
    server.kill();
    let (kind, text) = failed(&mut store);
    assert_eq!(kind, StoreErrorKind::Unavailable, "{text}");
    let (kind, text) = failed(&mut store);
    assert_eq!(kind, StoreErrorKind::Unavailable);
    assert!(text.contains("refused the connection"), "{text}");
    server.launch();
    match claim(&mut store, "a.1") {
        Claimed::Held { claim, seq, tries, .. } => assert_eq!((&claim, seq, tries), (claimed.claim(), 41, 1)),
        taken @ Claimed::Taken { .. } => panic!("{taken:?}"),
    }
}

#[test]
fn server_that_is_paused_does_not_block_a_call() {
    let Some(server) = Server::start(&[]) else { return };
    let mut store = server.store();
    let first = claim(&mut store, "a.1");
    server.signal("STOP");
    store = store.with_timeout(Duration::from_millis(200));
    let started = Instant::now();
    // On the connection that it has, and on a new one.
    for _ in 0..2 {
        let (kind, text) = failed(&mut store);
        assert_eq!(kind, StoreErrorKind::Unavailable);
        assert!(text.contains("does not respond in time"), "{text}");
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    server.signal("CONT");
    store = store.with_timeout(crate::server::SOON);
    assert_eq!(claim(&mut store, "a.1"), first);
}
