//! Any body as a list, a batch or an error response: no panic, and no item is delivered twice.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teamwire_core::{
    Client, Config, Error, FeedEvent,
    executor::Manual,
    flow::Flow,
    machine::{Machine, Reply, Step},
};
use teamwire_fuzz::{assert_no_credentials, credentials, limited, now};

/// Items that a body may lead to: the key that is in each of them, and their number.
type Items = (&'static str, usize);

fuzz_target!(|input: &[u8]| {
    let Some((kind, body)) = input.split_first() else { return };
    let config = Config::new("https://teamwire.example.org", credentials()).expect("the URL is valid");
    let client = Client::new(Manual::new(config, [7; 32], now()));
    let (key, items) = limited(body.len(), || read(&client, *kind, body));
    // Each item has its key, which may be escaped.
    let keys = body.windows(key.len()).filter(|text| *text == key.as_bytes()).count();
    assert!(items <= keys || body.contains(&b'\\'), "{items} items with {keys} keys");
});

fn read(client: &Client<Manual>, kind: u8, body: &[u8]) -> Items {
    let status = if kind & 8 == 0 { 200 } else { 404 };
    let chats = client.chats();
    match kind & 7 {
        0 => ("\"uid\"", output(client.contacts().users(), status, body).map_or(0, |users| users.len())),
        1 => ("\"gid\"", output(client.contacts().groups(), status, body).map_or(0, |groups| groups.len())),
        2 => ("\"tid\"", output(chats.list(), status, body).map_or(0, |chats| chats.len())),
        3 => ("\"tid\"", output(chats.by_title("x"), status, body).map_or(0, |chats| chats.len())),
        4 => {
            let messages = output(chats.chat("c1").messages(None), status, body);
            ("\"mid\"", messages.map_or(0, |messages| messages.messages.len()))
        }
        5 => ("\"uid\"", output(client.contacts().me(), status, body).map_or(0, |_| 1)),
        6 => ("\"tid\"", output(chats.by_thread_id("c1"), status, body).flatten().map_or(0, |_| 1)),
        _ => ("\"mid\"", events(client, status, body)),
    }
}

/// Returns the output of an operation after this response; `None` for an error, or for another request.
fn output<T: Send>(mut flow: impl Flow<Output = T>, status: u16, body: &[u8]) -> Option<T> {
    let Step::Send(ticket, _) = flow.poll(now()) else { panic!("expected a request") };
    flow.handle(now(), ticket, reply(status, body));
    match flow.poll(now()) {
        Step::Done(Ok(output)) => Some(output),
        Step::Done(Err(error)) => {
            assert_no_credentials(&error);
            None
        }
        _ => None,
    }
}

/// Returns the number of messages that a feed delivers after this response.
fn events(client: &Client<Manual>, status: u16, body: &[u8]) -> usize {
    let mut feed = client.chats().chat("c1").new_messages(None);
    let mut delivered = 0;
    let mut replies = [reply(200, br#"{"items":[],"cursor":"0"}"#), reply(status, body)].into_iter();
    loop {
        match feed.poll(now()) {
            Step::Send(ticket, _) => match replies.next() {
                Some(reply) => feed.handle(now(), ticket, reply),
                None => return delivered,
            },
            Step::Event(FeedEvent::Update { .. }) => delivered += 1,
            Step::Event(FeedEvent::Retrying(retrying)) => assert_no_credentials(&retrying.error),
            Step::Event(_) => {}
            Step::Done(result) => {
                result.err().iter().for_each(|error: &Error| assert_no_credentials(error));
                return delivered;
            }
            _ => return delivered,
        }
    }
}

fn reply(status: u16, body: &[u8]) -> Reply {
    let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
    let response = http::Response::builder().status(status).header("content-type", media_type);
    Reply::Response(response.body(body.to_vec()).expect("the response is valid"))
}
