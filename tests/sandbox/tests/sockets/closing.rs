use teamwire_sandbox::Sandbox;

use crate::client::Client;

#[test]
fn connection_closes_after_every_nth_response() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.faults().close_every_nth(3);
    let mut client = Client::connect(&sandbox);
    for expected in [None, None, Some("close")] {
        assert_eq!(client.get("/v1/me").assert_status(200).header("connection"), expected);
    }
    assert!(client.read_to_end().is_empty());
    assert_eq!(Client::connect(&sandbox).get("/v1/me").assert_status(200).header("connection"), None);
}

#[test]
fn connection_closes_unannounced_after_every_nth_response() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.faults().close_abruptly_every_nth(2);
    let mut client = Client::connect(&sandbox);
    for _ in 0..2 {
        let response = client.get("/v1/me").assert_status(200);
        assert_eq!(response.header("connection"), None);
        assert_eq!(response.json()["is_bot"], true);
    }
    assert!(client.read_to_end().is_empty());
    sandbox.faults().clear();
    let mut client = Client::connect(&sandbox);
    for _ in 0..4 {
        client.get("/v1/me").assert_status(200);
    }
}
