//! The document is valid `OpenAPI`, and its examples are valid.

use teamwire_tests::contract::Contract;

const TEXT: &str = include_str!("../../../docs/openapi.yaml");

#[test]
fn document_is_readable_by_other_tools() {
    let theirs = oas3::from_yaml(TEXT).expect("an OpenAPI document");
    theirs.validate_version().expect("of version 3.1");
    let theirs: Vec<_> = theirs.operations().filter_map(|(_, _, operation)| operation.operation_id.clone()).collect();
    assert_eq!(theirs.len(), 48);
    let ours: Vec<_> = Contract::load().operations().map(|id| id.as_str().to_owned()).collect();
    assert_eq!(sorted(ours), sorted(theirs));
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

#[test]
fn every_example_of_the_document_matches_its_schema() {
    let checked = Contract::load().check_examples().unwrap_or_else(|violation| panic!("{violation}"));
    assert!(checked > 300, "only {checked} examples were found");
}
