//! The table of operations against the list of what there is to be.

use std::collections::BTreeSet;

use teamwire_tests::operations::{Class, Local, Nature, Operation, documented};

/// What the core does not have yet.
const NOT_YET: &[&str] = &[
    "new_attachments",
    "load_avatar",
    "get_active_shared_locations",
    "stop_sharing_location",
    "subscribe_live_location_updates",
    "unsubscribe_location_updates",
    "update_shared_location",
    "get_location_sharing_active_chats",
    "has_location_sharing_active_chats",
    "subscribe_am_reaction_updates",
    "unsubscribe_am_reaction_updates",
];

#[test]
fn every_operation_of_the_python_sdk_is_there_or_known_to_be_missing() {
    let requests = Operation::ALL.iter().map(|operation| operation.name());
    let there: BTreeSet<_> = requests.chain(Local::ALL.iter().map(|local| local.name())).collect();
    let wanted: BTreeSet<_> = documented().iter().map(|row| row.name).collect();
    let missing: BTreeSet<_> = wanted.difference(&there).copied().collect();
    assert_eq!(missing, NOT_YET.iter().copied().collect());
}

#[test]
fn every_operation_is_of_the_class_and_nature_that_is_documented() {
    for row in documented().iter().filter(|row| !NOT_YET.contains(&row.name)) {
        let operation = Operation::ALL.iter().find(|operation| operation.name() == row.name);
        assert_eq!(operation.is_some(), row.nature == Nature::Request, "{}", row.name);
        assert_eq!(
            Local::ALL.iter().any(|local| local.name() == row.name),
            row.nature == Nature::Local,
            "{}",
            row.name
        );
        let class = match row.class {
            "Chat" => Class::Chat,
            "Chats" => Class::Chats,
            other => panic!("no class {other}"),
        };
        assert_eq!(operation.map_or(class, |it| it.class()), class, "{}", row.name);
    }
}

#[test]
fn what_is_in_the_table_and_not_documented_is_of_this_project() {
    let documented: BTreeSet<_> = documented().iter().map(|row| row.name).collect();
    for operation in Operation::ALL {
        assert_eq!(documented.contains(operation.name()), operation.class() != Class::Contacts, "{operation:?}");
    }
}
