use teamwire_sandbox::Sandbox;

use crate::client::Client;

#[test]
fn every_nth_answer_can_announce_the_end_of_its_connection() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.faults().close_every_nth(3);
    let mut client = Client::connect(&sandbox);
    for expected in [None, None, Some("close")] {
        assert_eq!(client.get("/v1/me").is(200).header("connection"), expected);
    }
    assert!(client.rest().is_empty());
    assert_eq!(Client::connect(&sandbox).get("/v1/me").is(200).header("connection"), None);
}

#[test]
fn every_nth_answer_can_be_the_last_without_a_word() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.faults().close_abruptly_every_nth(2);
    let mut client = Client::connect(&sandbox);
    for _ in 0..2 {
        let answer = client.get("/v1/me").is(200);
        assert_eq!(answer.header("connection"), None);
        assert_eq!(answer.json()["is_bot"], true);
    }
    assert!(client.rest().is_empty());
    sandbox.faults().clear();
    let mut client = Client::connect(&sandbox);
    for _ in 0..4 {
        client.get("/v1/me").is(200);
    }
}
