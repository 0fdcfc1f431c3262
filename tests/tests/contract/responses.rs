//! The sample responses of scripts.

use teamwire_core::script::sample;
use teamwire_tests::{
    contract::{Contract, OperationId},
    operations::{Operation, TID, response},
};

fn operation(name: &str) -> OperationId {
    Contract::load().operations().find(|id| id.as_str() == name).expect("the contract has it").clone()
}

#[test]
fn every_sample_is_a_response_of_the_contract() {
    for it in Operation::ALL {
        let checked = Contract::load().check_response(&operation(it.route()), &it.response());
        checked.unwrap_or_else(|violation| panic!("{it:?}: {violation}"));
    }
    let alone = [
        ("get_me", sample::bot()),
        ("get_user", sample::user("u1", "Anna", "Berg")),
        ("get_group", sample::group("g1", "Night shift")),
        ("get_chat", sample::chat(TID, "")),
        ("list_chats", sample::page([])),
        ("get_message", sample::message("m1", TID, "hello")),
        ("list_messages", sample::messages([sample::alert("m1", TID, "it burns")])),
        ("list_reactions", sample::page([sample::reaction("r1", "m1", TID, "thumbs_up")])),
    ];
    for (name, json) in alone {
        let checked = Contract::load().check_response(&operation(name), &response(200, &json));
        checked.unwrap_or_else(|violation| panic!("{violation}"));
    }
    let posted = response(201, &sample::message("m1", TID, "hello"));
    Contract::load()
        .check_response(&operation("post_message"), &posted)
        .unwrap_or_else(|violation| panic!("{violation}"));
}
