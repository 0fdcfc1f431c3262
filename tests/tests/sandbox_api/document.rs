//! The document is valid `OpenAPI`, and its examples are valid.

use teamwire_tests::contract::Contract;

const TEXT: &str = include_str!("../../../docs/sandbox-api.yaml");

#[test]
fn document_is_readable_by_other_tools() {
    let theirs = oas3::from_yaml(TEXT).expect("an OpenAPI document");
    theirs.validate_version().expect("of version 3.1");
    let mut theirs: Vec<_> =
        theirs.operations().filter_map(|(_, _, operation)| operation.operation_id.clone()).collect();
    let mut ours: Vec<_> = Contract::load_sandbox().operations().map(|id| id.as_str().to_owned()).collect();
    theirs.sort();
    ours.sort();
    assert_eq!(ours, theirs);
    ours.dedup();
    assert_eq!(ours.len(), theirs.len(), "ids are unique");
}

#[test]
fn every_example_of_the_document_matches_its_schema() {
    let checked = Contract::load_sandbox().check_examples().unwrap_or_else(|violation| panic!("{violation}"));
    assert!(checked > 100, "only {checked} examples were found");
}
