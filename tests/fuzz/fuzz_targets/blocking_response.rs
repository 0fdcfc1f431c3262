//! As `response`, for the blocking adapter: over a socket of this machine, as its connections are its own.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teamwire_blocking::{Client, Error, Executor};
use teamwire_fuzz::{Bot, Plan, Server, assert_private, limited};

fuzz_target!(|input: &[u8]| {
    let Some((plan, served)) = Plan::split(input) else { return };
    let server = Server::serving(plan, &served);
    let config = plan.config(&server.address());
    let bot = Bot::new(config.clone());
    let client = teamwire_blocking::client(config).expect("settings that work");
    let errors = limited(served.len(), || perform(&client, &bot, plan));
    errors.iter().for_each(assert_private);
    // Its connections end here: then so does the server.
    drop(client);
});

/// Performs the operation. Returns what went wrong.
fn perform(client: &Client, bot: &Bot, plan: Plan) -> Vec<Error> {
    let run = |flow| client.executor().run(flow).err();
    bot.operations(plan.operation).into_iter().filter_map(run).collect()
}
