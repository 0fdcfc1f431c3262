//! Like `response`, for the blocking adapter. It uses a loopback socket, because that adapter opens its own
//! connections.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teamwire_blocking::{Client, Error};
use teamwire_core::executor::Executor;
use teamwire_fuzz::{Bot, Server, Setup, assert_no_credentials, limited};

fuzz_target!(|input: &[u8]| {
    let Some((setup, bytes)) = Setup::split(input) else { return };
    let server = Server::start(setup, &bytes);
    let config = setup.config(&server.address());
    let bot = Bot::new(config.clone());
    let client = teamwire_blocking::client(config).expect("the settings are valid");
    let errors = limited(bytes.len(), || perform(&client, &bot, setup));
    errors.iter().for_each(assert_no_credentials);
    // Close its connections, so that the server can stop.
    drop(client);
});

/// Performs the operations. Returns their errors.
fn perform(client: &Client, bot: &Bot, setup: Setup) -> Vec<Error> {
    let run = |flow| client.executor().run(flow).err();
    bot.operations(setup.operation).into_iter().filter_map(run).collect()
}
