use std::time::Duration;

use teamwire_blocking::{Draft, ErrorKind, FeedEvent, Message, StopHandle, config::RetryPolicy, model::Poll};
use teamwire_testing::{World, org};

use crate::{MINUTE, SECOND, client};

/// Posts a message with either adapter.
fn post(world: &World, is_async: bool, retry: RetryPolicy) -> Result<(), teamwire_blocking::Error> {
    if is_async {
        let client = client(world).with_retry(retry);
        world.run(async { client.chats().chat(org::LOBBY).post("hello").await.map(drop) })
    } else {
        world.blocking().with_retry(retry).chats().chat(org::LOBBY).post("hello").map(drop)
    }
}

#[test]
fn request_is_retried_until_the_outage_ends() {
    for is_async in [false, true] {
        let world = World::new(1);
        world.down_for(MINUTE);
        post(&world, is_async, RetryPolicy::within(MINUTE * 5)).unwrap();
        assert!(world.elapsed() >= MINUTE, "{:?}", world.elapsed());
        assert_eq!(world.texts(org::LOBBY), [Some("hello".to_owned())]);
        let requests = world.requests();
        let (last, failed) = requests.split_last().unwrap();
        assert!(failed.len() > 2 && failed.iter().all(|request| request.status.is_none()), "{requests:?}");
        assert_eq!(last.status.map(|status| status.as_u16()), Some(201));
    }
}

#[test]
fn outage_before_the_response_posts_nothing_twice() {
    for is_async in [false, true] {
        let world = World::new(1);
        world.whenever_posted(|world, _| world.down_for(SECOND));
        post(&world, is_async, RetryPolicy::within(MINUTE)).unwrap();
        assert_eq!(world.texts(org::LOBBY).len(), 1);
        assert!(world.requests().len() > 1);
    }
}

#[test]
fn error_says_whether_the_request_was_sent() {
    for is_async in [false, true] {
        let world = World::new(1);
        world.down_for(SECOND);
        let error = post(&world, is_async, RetryPolicy::NEVER).unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, false));

        let world = World::new(1);
        world.whenever_posted(|world, _| world.down_for(SECOND));
        let error = post(&world, is_async, RetryPolicy::NEVER).unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, true));
        assert_eq!(world.texts(org::LOBBY).len(), 1);
    }
}

#[test]
fn slow_server_times_out() {
    for is_async in [false, true] {
        let world = World::new(1);
        world.latency(Duration::from_secs(3600));
        let error = post(&world, is_async, RetryPolicy::NEVER).unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, true), "{error}");
        assert!(world.elapsed() < Duration::from_secs(3600));
    }
}

#[test]
fn administrator_changes_the_server() {
    let world = World::new(1);
    world.administer(|server, _| server.org_settings().leaving = false);
    let error = world.blocking().chats().chat(org::LOBBY).leave().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LeaveChatNotAllowed);
}

#[test]
fn slow_chat_does_not_delay_the_others() {
    for is_async in [false, true] {
        let world = World::new(1);
        world.latency(SECOND);
        world.latency_in(org::LOBBY, SECOND * 8);
        post(&world, is_async, RetryPolicy::NEVER).unwrap();
        assert_eq!(world.elapsed(), SECOND * 8);
        let other = world.blocking();
        other.chats().chat(org::NOTICES).post("hello").unwrap();
        other.contacts().me().unwrap();
        assert_eq!(world.elapsed(), SECOND * 10);
    }
}

#[test]
fn chat_that_is_down_does_not_affect_the_others() {
    for is_async in [false, true] {
        let world = World::new(1);
        world.down_in(org::LOBBY, MINUTE);
        // A shorter one that overlaps does not end the first.
        world.down_in(org::LOBBY, SECOND);
        world.blocking().sleep(SECOND * 2).unwrap();
        let error = post(&world, is_async, RetryPolicy::NEVER).unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, false), "{error}");
        let other = world.blocking();
        other.chats().chat(org::NOTICES).post("hello").unwrap();
        other.contacts().me().unwrap();
        post(&world, is_async, RetryPolicy::within(MINUTE * 5)).unwrap();
        assert!(world.elapsed() >= MINUTE, "{:?}", world.elapsed());
        assert_eq!((world.texts(org::LOBBY).len(), world.texts(org::NOTICES).len()), (1, 1));
    }
}

#[test]
fn request_of_a_chat_that_goes_down_is_cut() {
    for is_async in [false, true] {
        let world = World::new(1);
        world.whenever_posted(|world, message| world.down_in(&message.tid, SECOND));
        let error = post(&world, is_async, RetryPolicy::NEVER).unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, true), "{error}");
        // The post of one chat is not cut when another goes down.
        let world = World::new(1);
        world.whenever_posted(|world, _| world.down_in(org::NOTICES, SECOND));
        post(&world, is_async, RetryPolicy::NEVER).unwrap();
    }
}

#[test]
fn chat_that_is_down_holds_up_only_its_own_handlers() {
    let (world, stop) = (World::new(1), StopHandle::new());
    let say = |world: &World, tid: &str| drop(world.act(org::BEN, |ben| ben.post(tid, "hello")).unwrap());
    world.at(MINUTE, move |world| {
        world.down_in(org::LOBBY, MINUTE * 60);
        say(world, org::LOBBY);
        say(world, org::NOTICES);
    });
    world.at(MINUTE * 2, move |world| say(world, org::NOTICES));
    let texts = |world: &World, tid: &str| world.texts(tid).into_iter().flatten().collect::<Vec<_>>();
    world.at(MINUTE * 30, move |world| {
        assert_eq!(texts(world, org::NOTICES), ["hello", "seen", "hello", "seen"]);
        assert_eq!(texts(world, org::LOBBY), ["hello"]);
    });
    let end = stop.clone();
    world.at(MINUTE * 90, move |_| end.stop());
    let client = client(&world).with_retry(RetryPolicy::within(MINUTE * 70));
    let respond = async |event: FeedEvent<Message>| match event.item() {
        Some(message) if message.text.as_deref() == Some("hello") => {
            client.chats().chat(&message.tid).post("seen").await.map(drop)
        }
        _ => Ok(()),
    };
    let events = client.stopped_by(&stop).chats().new_messages(None);
    world.run(events.for_each_concurrent(4, respond, |_| std::future::ready(Ok(())))).unwrap();
    assert_eq!(texts(&world, org::LOBBY), ["hello", "seen"]);
}

#[test]
fn messages_have_attachments_senders_and_replies() {
    let world = World::new(1);
    let alert = world.act(org::ANNA, |anna| anna.post_alert(org::LOBBY, "Pump 3 is down", "alert")).unwrap();
    let poll = Poll::new("Who is on call?", ["Anna", "Ben"]).unwrap();
    let chat = world.blocking().chats().chat(org::LOBBY);
    chat.post(Draft::text("hello").attach(poll).reply_to(&*alert)).unwrap();
    let [first, second] = &*world.messages(org::LOBBY) else { panic!("there are two") };
    assert_eq!((first.from.as_str(), first.alert_type, first.attachments.len()), (org::ANNA, Some("alert"), 0));
    assert_eq!((second.is_from_bot, second.reply_to.as_ref()), (true, Some(&alert)));
    assert_eq!(second.attachments[0]["question"], "Who is on call?");
    assert!(world.messages("no-such-chat").is_empty());
}

#[test]
fn positions_are_those_of_active_shares() {
    let world = World::new(1);
    world.act(org::ANNA, |anna| anna.share(org::LOBBY, 48.0, 11.5, MINUTE * 15)).unwrap();
    world.act(org::ANNA, |anna| anna.move_to(48.25, 11.75));
    world.act(org::BEN, |ben| ben.share_for(org::LOBBY, 50.0, 8.0, 60)).unwrap();
    let positions = || world.positions(org::LOBBY).into_iter().collect::<Vec<_>>();
    let [anna, ben] = [(org::ANNA.to_owned(), (48.25, 11.75)), (org::BEN.to_owned(), (50.0, 8.0))];
    assert_eq!((positions(), world.positions(org::NOTICES).len()), (vec![anna.clone(), ben], 0));
    world.blocking().sleep(MINUTE).unwrap();
    assert_eq!(positions(), [anna]);
}
