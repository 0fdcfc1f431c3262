//! The runtime of the example `tokio_runtime` runs bots: posts, files, feeds, on any thread of tokio.

#[path = "../examples/tokio_runtime/runtime.rs"]
mod runtime;

use std::time::Duration;

use teamwire_async_std::{
    Client, Config, Credentials, Draft, FeedEvent, client_on,
    model::{NewAttachment, Upload},
};
use teamwire_sandbox::{Sandbox, org};
use teamwire_test_support::{Folder, pattern};
use tokio::runtime::Builder;

use self::runtime::Tokio;

fn on_tokio<T>(run: impl Future<Output = T>) -> T {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("two threads").block_on(run)
}

fn client(sandbox: &Sandbox) -> Client<Tokio> {
    let credentials = Credentials::new(sandbox.app_id(), sandbox.secret()).expect("the key of a sandbox is valid");
    // A name, so that it is looked up.
    let url = format!("http://localhost:{}", sandbox.address().port());
    client_on(Tokio, Config::new(&url, credentials).expect("it is on loopback")).expect("the configuration is valid")
}

#[test]
fn tokio_posts_and_sends_files_from_any_task() {
    let (sandbox, folder) = (Sandbox::start().expect("a free port"), Folder::new());
    let client = client(&sandbox);
    let path = folder.file("f", pattern(100_000));
    on_tokio(async {
        let chat = client.chats().chat(org::LOBBY);
        let spawned = tokio::spawn({
            let chat = chat.clone();
            async move { chat.post("spawned").await }
        });
        let draft = Draft::text("with a file").attach(NewAttachment::file(Upload::from_path(path)));
        chat.post(draft).await.expect("it is posted");
        spawned.await.expect("no panic").expect("it is posted");
    });
    assert_eq!(sandbox.message_count(), 2);
}

#[test]
fn tokio_follows_feeds_and_times_waits() {
    let sandbox = Sandbox::start().expect("a free port");
    let client = client(&sandbox);
    on_tokio(async {
        let mut events = client.chats().new_messages(None);
        let started = events.next().await.expect("an event").expect("no error");
        assert!(matches!(started, FeedEvent::Started(_)), "{started:?}");
        let waited = events.next_timeout(Duration::from_millis(50)).await.expect("no error");
        assert!(waited.event().is_none());
        sandbox.as_person(org::ANNA).post(org::LOBBY, "hello").expect("Anna is in the lobby");
        let event = events.next().await.expect("an event").expect("no error");
        assert_eq!(event.into_item().expect("a message").text.as_deref(), Some("hello"));
    });
}
