//! Tests of the example of an executor, and of the runtime smol.

#[path = "../../examples/write_your_own_executor/executor.rs"]
mod executor;

use teamwire_async_std::{
    Draft, ErrorKind, FeedEvent, FeedOptions,
    model::{Attachment, NewAttachment, Upload},
    script::sample,
    smol,
};
use teamwire_test_support::{Authority, Folder, Server, config, pattern, response};

use self::executor::Plain;
use crate::support::me;

#[test]
fn smol_runs_a_bot() {
    let server = Server::always(response(201, &sample::message("m1", "c1", "hello").to_string()));
    let client = smol::client(config(&server.url())).expect("the options are valid");
    let chat = client.chats().chat("c1");
    let both = ::smol::block_on(async {
        // On smol's own executor as well.
        let spawned = ::smol::spawn({
            let chat = chat.clone();
            async move { chat.post("hello").await }
        });
        (spawned.await, chat.post("hello").await)
    });
    assert_eq!(both.0.expect("a response"), both.1.expect("a response"));
    assert!(server.connections() <= 2);
}

#[test]
fn smol_reads_files_and_follows_feeds() {
    let folder = Folder::new();
    let server = Server::each(|_, mut peer| {
        while let Some(request) = peer.try_request() {
            let uploads = request.line().starts_with("POST /v1/assets ");
            assert!(!uploads || request.body == pattern(60_000));
            peer.send(match request.line().split(' ').next() {
                Some("GET") => response(200, r#"{ "items": [], "cursor": "0" }"#),
                _ if uploads => {
                    response(201, r#"{ "id": "a1", "file_name": "f", "media_type": "text/plain", "size": 60000 }"#)
                }
                _ => response(201, &sample::message("m1", "c1", "hello").to_string()),
            });
        }
    });
    let client = smol::client(config(&server.url())).expect("the options are valid");
    let file = Upload::from_path(folder.file("f", pattern(60_000)));
    ::smol::block_on(async {
        let draft = Draft::text("hello").attach(NewAttachment::file(file));
        client.chats().chat("c1").post(draft).await.expect("a message");
        let mut events = client.chats().new_messages(FeedOptions::from_now());
        assert!(matches!(events.next().await, Some(Ok(FeedEvent::Started(_)))));
    });
}

#[test]
fn smol_does_tls_and_looks_hosts_up() {
    let authority = Authority::new("a private CA");
    let server = Server::always_over_tls(authority.server("localhost"), me());
    let options = config(&format!("https://localhost:{}", server.address.port()));
    let client = smol::client(options.with_root_certificates_pem(authority.pem())).expect("the options are valid");
    let user = ::smol::block_on(client.contacts().me()).expect("a response");
    assert_eq!(user.first_name, "Example");
}

#[test]
fn executor_on_std_net_runs_a_bot() {
    let server = Server::each(|_, mut peer| {
        let request = peer.request();
        assert!(request.line().ends_with(" HTTP/1.0"), "{request:?}");
        let bot = request.line().starts_with("GET /v1/me ");
        peer.send(if bot { me() } else { response(201, &sample::message("m1", "c1", "hello").to_string()) });
    });
    let client = teamwire_core::Client::new(Plain::new(config(&server.url())));
    assert_eq!(client.contacts().me().expect("a response").first_name, "Example");
    assert_eq!(client.chats().chat("c1").post("hello").expect("a response").text.as_deref(), Some("hello"));
    assert_eq!(server.connections(), 2);
}

#[test]
fn executor_on_std_net_deals_with_files_and_feeds() {
    let folder = Folder::new();
    let server = Server::each(|number, mut peer| {
        let request = peer.request();
        peer.send(match number {
            0 => {
                assert_eq!(request.body, pattern(100_000));
                response(201, r#"{ "id": "a1", "file_name": "f", "media_type": "text/plain", "size": 15 }"#)
            }
            1 => {
                let mut message = sample::message("m1", "c1", "");
                message["attachments"] = sample::json(
                    r#"[{
                        "kind": "file",
                        "asset": { "id": "a1", "file_name": "f", "media_type": "text/plain", "size": 15 }
                    }]"#,
                );
                response(201, &message.to_string())
            }
            2 => "HTTP/1.0 200 OK\r\nETag: \"1\"\r\nContent-Length: 15\r\n\r\nwhat was stored".to_owned(),
            3 => response(200, r#"{ "items": [], "cursor": "0" }"#),
            _ => response(404, "{}"),
        });
    });
    let client = teamwire_core::Client::new(Plain::new(config(&server.url())));
    let file = Upload::from_path(folder.file("f", pattern(100_000)));
    let posted = client.chats().chat("c1").post(Draft::new().attach(NewAttachment::file(file))).expect("a message");
    let [Attachment::File(asset)] = &posted.attachments[..] else { panic!("{posted:?}") };
    client.chats().download_to(asset, folder.path("g")).expect("it is saved");
    assert_eq!(std::fs::read(folder.path("g")).expect("it is there"), b"what was stored");
    assert_eq!(folder.content().len(), 2);

    let missing = Upload::from_path(folder.path("none"));
    let error = client.chats().chat("c1").post(Draft::new().attach(NewAttachment::file(missing))).expect_err("no file");
    assert_eq!(error.kind(), ErrorKind::File);

    let mut events = client.chats().new_messages(FeedOptions::from_now());
    assert!(matches!(events.next(), Some(Ok(FeedEvent::Started(_)))));
    assert!(matches!(events.next(), Some(Ok(FeedEvent::Retrying(_)) | Err(_))));
}

#[test]
fn executor_on_std_net_tells_failure_from_an_response() {
    for (bytes, kind, arrived) in [
        ("", ErrorKind::Connection, true),
        ("HTTP/1.0 200 OK\r\ncontent-length: 50\r\n\r\n{", ErrorKind::Connection, true),
        ("SSH-2.0\r\n\r\n", ErrorKind::UnexpectedResponse, true),
        ("HTTP/1.0 404 Not Found\r\n\r\n", ErrorKind::UnexpectedResponse, true),
    ] {
        let server = Server::each(move |_, mut peer| {
            peer.try_request();
            peer.send(bytes);
        });
        let client = teamwire_core::Client::new(Plain::new(config(&server.url())));
        let error = client.contacts().me().expect_err("no user");
        assert_eq!((error.kind(), error.outcome_unknown()), (kind, arrived), "{bytes}: {error}");
    }
}
