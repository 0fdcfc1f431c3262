//! Operations that the example protocol does not have.

use teamwire_core::{
    Draft, ErrorKind,
    model::{Coordinates, LiveLocation, ShareDuration},
};
use teamwire_tests::{
    Fixture, executor_test,
    harness::Harness,
    operations::{Operation, Subscription},
    second_backend::UNSUPPORTED,
};

use super::lobby;

#[executor_test(second)]
fn unsupported_operation_sends_nothing<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut bot = fixture.bot();
    let before = fixture.sandbox.transcript().len();
    for (operation, reason) in UNSUPPORTED {
        let error = fixture.run(operation, &mut bot).expect_err(reason);
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{operation:?}: {error}");
    }
    assert_eq!(H::operations().count(), Operation::ALL.len() - UNSUPPORTED.len());
    assert_eq!(fixture.sandbox.transcript().len(), before);
}

#[executor_test(second)]
fn unsupported_feed_ends_at_once<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for feed in [Subscription::LiveLocations, Subscription::Reactions, Subscription::Events] {
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
