//! Starts of shares whose post is dropped before its outcome is known.

use std::{
    future::Future,
    task::{Context, Waker},
    time::Duration,
};

use teamwire_async_std::{Client, Runtime};
use teamwire_core::{
    effect::{TransportError, TransportErrorKind},
    machine::{Reply, Step},
    model::{ShareDuration, Upload},
    script::sample,
};
use teamwire_sandbox::{Fault, Sandbox, org};

use crate::support::{Bot, QUARTER, live};

fn response(status: u16, body: impl ToString) -> Reply {
    let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
    let response = http::Response::builder().status(status).header("content-type", media_type);
    Reply::Response(response.body(body.to_string().into_bytes()).expect("it is a response"))
}

fn failure(sent: bool) -> Reply {
    Reply::Error(TransportError::new(TransportErrorKind::Disconnected, "it is cut").with_sent(sent))
}

#[test]
fn share_of_a_dropped_post_counts_if_it_may_have_begun() {
    let refusal = r#"{"code":"auth"}"#;
    for (replies, is_polled_again, may_have_begun) in [
        (vec![], false, true),
        // Not polled again, so the outcome has not been taken.
        (vec![response(201, sample::message("m1", "c1", "here"))], false, true),
        (vec![response(403, refusal)], false, false),
        (vec![response(403, refusal)], true, false),
        // During the backoff.
        (vec![failure(true)], true, true),
        (vec![failure(false)], true, false),
        (vec![response(429, r#"{"code":"rate_limited"}"#)], true, false),
    ] {
        let bot = Bot::new();
        let chat = bot.client.chats().chat("c1");
        let mut post = chat.post(live(ShareDuration::QuarterHour));
        let Step::Send(ticket, _) = post.poll(bot.now()) else { panic!("it begins with a request") };
        let shown = format!("{replies:?}");
        for reply in replies {
            post.handle(bot.now(), ticket, reply);
        }
        if is_polled_again {
            drop(post.poll(bot.now()));
        }
        assert!(bot.active().is_empty());
        bot.advance(Duration::from_secs(60));
        drop(post);
        assert_eq!(!bot.active().is_empty(), may_have_begun, "{shown}");
        bot.advance(QUARTER.saturating_sub(Duration::from_secs(60)));
        assert!(bot.active().is_empty(), "it began with the request");
    }
}

#[test]
fn dropped_post_without_a_request_shares_nothing() {
    let bot = Bot::new();
    let chat = bot.client.chats().chat("c1");
    drop(chat.post(live(ShareDuration::QuarterHour)));
    assert!(bot.active().is_empty(), "it has not begun");

    let file = Upload::from_bytes("a.txt", "text");
    let mut post = chat.post(live(ShareDuration::QuarterHour).attach(file));
    let Step::Send(..) = post.poll(bot.now()) else { panic!("it begins with the upload") };
    drop(post);
    assert!(bot.active().is_empty(), "the file was not yet uploaded");

    bot.share("c1");
    bot.run(chat.stop_sharing_location(), 204, "").expect("it is stopped");
    assert!(bot.active().is_empty(), "a post that has ended does not count again");
}

fn can_be_stopped<R: Runtime>(connect: impl Fn(teamwire_core::Config) -> Client<R>) {
    for fault in [Fault::NoResponse, Fault::NoResponseAfter] {
        let sandbox = Sandbox::start().expect("loopback has a free port");
        let client = connect(teamwire_tests::config(&sandbox));
        let chat = client.chats().chat(org::LOBBY);
        sandbox.faults().add(fault.clone());
        let mut post = Box::pin(chat.post(live(ShareDuration::QuarterHour)));
        while sandbox.received_count("POST /v1/chats/{tid}/messages") == 0 || sandbox.faults().remaining() > 0 {
            assert!(post.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "{fault:?}");
        }
        assert!(!client.chats().has_location_sharing_active_chats(), "{fault:?}: it is not over yet");
        drop(post);
        for chat in client.chats().location_sharing_active_chats() {
            assert_eq!(chat.tid().as_str(), org::LOBBY);
            async_std::task::block_on(chat.stop_sharing_location()).expect("the bot is a member");
        }
        assert_eq!(sandbox.received_count("DELETE /v1/chats/{tid}/location"), 1, "{fault:?}");
        assert_eq!(sandbox.with_world(|world, _| world.share_count()), 0, "{fault:?}");
        assert!(!client.chats().has_location_sharing_active_chats(), "{fault:?}");
    }
}

#[test]
fn share_of_a_dropped_future_can_be_stopped_on_async_std() {
    can_be_stopped(|config| teamwire_async_std::client(config).expect("it is valid"));
}

#[test]
fn share_of_a_dropped_future_can_be_stopped_on_smol() {
    can_be_stopped(|config| teamwire_async_std::smol::client(config).expect("it is valid"));
}
