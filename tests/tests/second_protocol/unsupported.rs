//! Operations that the example protocol does not have.

use teamwire_core::{
    Draft, ErrorKind,
    model::{Coordinates, LiveLocation, ShareDuration},
};
use teamwire_tests::{
    Fixture, executor_test,
    harness::Harness,
    operations::{Operation, Subscription},
};

use super::lobby;

/// The operations, and why the protocol does not have them.
const UNSUPPORTED: [(Operation, &str); 7] = [
    (Operation::GetActiveSharedLocations, "no live locations"),
    (Operation::StopSharingLocation, "no live locations"),
    (Operation::UnsubscribeLocationUpdates, "no live locations"),
    (Operation::UpdateSharedLocation, "no live locations"),
    (Operation::RefreshSharedLocations, "no live locations"),
    (Operation::GetByTitle, "no search"),
    (Operation::UnsubscribeReactionUpdates, "no list of new reactions, and no subscriptions"),
];

#[executor_test(second)]
fn every_other_operation_succeeds<H: Harness>() {
    for operation in Operation::ALL {
        let fixture = Fixture::<H>::new();
        let mut bot = fixture.bot();
        let before = fixture.sandbox.transcript().len();
        let outcome = fixture.run(*operation, &mut bot);
        if let Some((_, reason)) = UNSUPPORTED.iter().find(|(unsupported, _)| unsupported == operation) {
            let error = outcome.expect_err(reason);
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{operation:?}: {error}");
            assert_eq!(fixture.sandbox.transcript().len(), before, "{operation:?} sends nothing");
        } else {
            outcome.unwrap_or_else(|error| panic!("{operation:?}: {error}"));
        }
    }
}

#[executor_test(second)]
fn unsupported_feed_ends_at_once<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for feed in [Subscription::LiveLocations, Subscription::Reactions] {
        let error = feed.follow::<H>(&fixture.client, None).expect_error();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{feed:?}: {error}");
    }
    assert!(fixture.sandbox.transcript().is_empty());
}

#[executor_test(second)]
fn live_location_cannot_be_posted<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let place = Coordinates::new(48.1, 11.6).expect("it is on earth");
    let live = LiveLocation::new(place, ShareDuration::OneHour);
    let error = fixture.err(lobby(&fixture).post(Draft::text("here").attach(live)));
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(fixture.sandbox.transcript().is_empty());
    assert!(!fixture.client.chats().has_location_sharing_active_chats());
}
