//! The example protocol of `tests/protocols`, on both adapters: all that differs from the default protocol.

mod changes;
mod cuts;
mod feeds;
mod ids;
mod login;
mod posting;
mod unsupported;

use teamwire_core::ChatRef;
use teamwire_sandbox::org;
use teamwire_tests::{Fixture, harness::Harness, second_backend::SecondBackend};

fn lobby<H: Harness>(fixture: &Fixture<H>) -> ChatRef<H::X> {
    fixture.client.chats().chat(org::LOBBY)
}

fn backend<H: Harness>(fixture: &Fixture<H>) -> &SecondBackend {
    fixture.second.as_ref().expect("the harness speaks the example protocol")
}
