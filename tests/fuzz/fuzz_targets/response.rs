//! Any bytes of a server: the asynchronous engine ends without a panic, and within the memory limit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teamwire_async_std::{Client, Error, FeedEvent};
use teamwire_core::executor::Executor;
use teamwire_fuzz::{Bot, Network, Operation, Setup, assert_no_credentials, limited};

/// Number of events that a feed is polled for.
const MAX_EVENTS: usize = 64;

fuzz_target!(|input: &[u8]| {
    let Some((setup, bytes)) = Setup::split(input) else { return };
    let network = Network::new(setup, &bytes);
    let config = setup.config("127.0.0.1:1");
    let bot = Bot::new(config.clone());
    let client = teamwire_async_std::client_on(network.clone(), config).expect("the settings are valid");
    // If the server stalls, the operation is dropped.
    let errors = limited(bytes.len(), || network.block_on(perform(&client, &bot, setup.operation)));
    errors.iter().flatten().for_each(assert_no_credentials);
});

/// Performs the operation. Returns its errors.
async fn perform(client: &Client<Network>, bot: &Bot, operation: Operation) -> Vec<Error> {
    let mut errors = Vec::new();
    if let Operation::Feed = operation {
        let mut events = client.executor().events(bot.feed());
        for _ in 0..MAX_EVENTS {
            match events.next().await {
                Some(Ok(FeedEvent::Retrying(retrying))) => errors.push(retrying.error),
                Some(Ok(_)) => {}
                Some(Err(error)) => errors.push(error),
                None => break,
            }
        }
    }
    for flow in bot.operations(operation) {
        errors.extend(client.executor().run(flow).await.err());
    }
    errors
}
