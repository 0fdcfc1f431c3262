//! The tables of operations and feeds, compared with the list of documented ones.

use std::collections::BTreeSet;

use teamwire_tests::{
    contract::Contract,
    operations::{Class, Documented, Local, Operation, OperationKind, Subscription, documented},
};

/// The class, the name and the kind of an operation.
type Row = (Class, &'static str, &'static str);

fn there() -> BTreeSet<Row> {
    let requests = Operation::ALL.iter().map(|it| (it.class(), it.name(), "request"));
    let local = Local::ALL.iter().map(|it| (it.class(), it.name(), "local"));
    let feeds = Subscription::ALL.iter().map(|it| (it.class(), it.name(), "subscription"));
    requests.chain(local).chain(feeds).collect()
}

fn wanted() -> BTreeSet<Row> {
    let row = |row: &Documented| {
        let class = match row.class {
            "Chat" => Class::Chat,
            "Chats" => Class::Chats,
            other => panic!("no class {other}"),
        };
        let kind = match row.kind {
            OperationKind::Request => "request",
            OperationKind::Local => "local",
            OperationKind::Subscription => "subscription",
        };
        (class, row.name, kind)
    };
    documented().iter().map(row).collect()
}

#[test]
fn every_operation_of_the_python_sdk_is_there() {
    assert_eq!(wanted().len(), 39);
    assert_eq!(wanted().difference(&there()).collect::<Vec<_>>(), Vec::<&Row>::new());
}

/// Operations of chats that the Python SDK does not have.
const OURS: [(&str, &str); 5] = [
    ("events", "subscription"),
    ("message", "request"),
    ("new_messages", "subscription"),
    ("refresh_location_shares", "request"),
    ("unsubscribe_events", "request"),
];

#[test]
fn undocumented_operation_is_of_this_project() {
    let (there, wanted) = (there(), wanted());
    for (class, name, kind) in there.difference(&wanted) {
        let is_ours = *class == Class::Contacts || OURS.contains(&(*name, *kind));
        assert!(is_ours, "{class:?} {name} {kind}");
    }
}

/// The suite `conformance` provokes each of them by its cause.
#[test]
fn every_documented_error_is_a_refusal_of_the_contract() {
    for row in documented() {
        let Some(operation) = Operation::ALL.iter().find(|operation| operation.name() == row.name) else { continue };
        let refusals = Contract::load().refusals(operation.route());
        for error in row.errors {
            assert!(refusals.iter().any(|(_, code)| *code == error), "{operation:?}: {error} is not in {refusals:?}");
        }
    }
}
