//! Saving of state that blocks no task.

use std::thread::{self, ThreadId};

use teamwire_async_std::{AsyncStdRuntime, smol::Smol};
use teamwire_blocking::{ErrorKind, StateFile};
use teamwire_core::{Client, Config, Credentials, executor::Portable};
use teamwire_test_support::Folder;
use teamwire_testing::World;

use super::on_both_adapters;

on_both_adapters! { state_is_saved_within_a_world }

mod scenarios {
    use super::*;

    pub(super) async fn state_is_saved_within_a_world<X: Portable>(_: &World, client: Client<X>) {
        let folder = Folder::new();
        let file = StateFile::new(folder.path("state"));
        X::wait(file.save_on(&client, "state")).await.expect("it can be written");
        assert_eq!(file.load::<String>().expect("it can be read").as_deref(), Some("state"));
        let missing = StateFile::new(folder.path("none/state"));
        let error = X::wait(missing.save_on(&client, "state")).await.expect_err("there is no such folder");
        assert_eq!(error.kind(), ErrorKind::File);
        assert_eq!(blocked(&client).await, thread::current().id(), "the world has one thread");
    }
}

/// Returns the thread that does blocking work.
async fn blocked<X: Portable>(client: &Client<X>) -> ThreadId {
    client.executor().unblock(|| thread::current().id()).await
}

#[test]
fn threads_for_blocking_work_save_state() {
    let credentials = Credentials::new("app-id", "secret").expect("they are valid");
    let config = Config::new("https://teamwire.example", credentials).expect("it is valid");
    let me = thread::current().id();
    let client = teamwire_async_std::client_on(AsyncStdRuntime, config.clone()).expect("it is valid");
    assert_ne!(async_std::task::block_on(blocked(&client)), me);
    let client = teamwire_async_std::client_on(Smol, config.clone()).expect("it is valid");
    assert_ne!(smol::block_on(blocked(&client)), me);
    let client = teamwire_blocking::client(config).expect("it is valid");
    assert_eq!(teamwire_blocking::block_on(blocked(&client)), me);
}
