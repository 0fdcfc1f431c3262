//! The loop of a bot: what it posts, reports and fetches, and when.

use std::{sync::Mutex, time::Duration};

use teamwire_blocking::{ErrorKind, OutboxEvent, OutboxMessages, StopHandle};
use teamwire_core::{Client, chrono::TimeDelta, executor::Portable};
use teamwire_test_support::Folder;
use teamwire_testing::{World, org};

use super::{MINUTE, add, add_alert, on_both_adapters, open, report, texts};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

on_both_adapters! {
    change_wakes_the_loop_which_posts_reports_and_knows_what_is_due
    reaction_during_an_outage_prevents_what_is_due
    reaction_before_the_id_is_known_is_reported
    failing_requests_of_one_chat_delay_no_other
    missed_reactions_are_fetched_after_a_gap_and_a_restart
    unavailable_message_is_not_due_any_more
    due_messages_without_reactions_need_no_request
    mistaken_due_time_leaves_pauses
    cancelled_delivery_is_the_regular_end
    error_that_is_neither_permanent_nor_transient_ends_the_loop
}

/// Stops the loop at this time.
fn stop_at<X: Portable>(world: &World, client: &Client<X>, time: Duration) -> Client<X> {
    let stop = StopHandle::new();
    let client = client.stopped_by(&stop);
    world.at(time, move |_| stop.stop());
    client
}

/// The user reacts to each alert with this text, when it is posted.
fn react_to(world: &World, uid: &'static str, text: &'static str, after: Duration) {
    world.whenever_posted(move |world, message| {
        if message.text.as_deref() == Some(text) && message.is_from_bot {
            let (tid, mid) = (message.tid.clone(), message.mid.clone());
            world.after(after, move |world| {
                world.act(uid, |person| person.react(&tid, &mid, "ok")).expect("the chat is open");
            });
        }
    });
}

/// Times at which the bot posted, or fetched reactions.
fn times(world: &World, route: &str) -> Vec<Duration> {
    let requests = world.requests();
    requests.iter().filter(|it| format!("{} {}", it.method, it.path).contains(route)).map(|it| it.at).collect()
}

mod scenarios {
    use super::*;

    pub(super) async fn change_wakes_the_loop_which_posts_reports_and_knows_what_is_due<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let folder = Folder::new();
        let outbox = open(&folder);
        for (minute, key) in [(0, "a"), (30, "b")] {
            let outbox = outbox.clone();
            world.at(HOUR + MINUTE * minute, move |_| add_alert(&outbox, key, org::LOBBY));
        }
        react_to(world, org::ANNA, "a", MINUTE * 5);
        let client = stop_at(world, &client, HOUR * 3);
        X::wait(outbox.follow(&client, report)).await.expect("it is stopped");
        assert_eq!(texts(world, org::LOBBY), ["a", "a: Anna ok", "b", "b: no reaction"]);
        let expected = [HOUR, HOUR + MINUTE * 5, HOUR + MINUTE * 30, HOUR + MINUTE * 40];
        assert_eq!(times(world, "POST /v1/chats/"), expected, "nothing waits for the end of a long poll");
        // That of the feed at its start finds no alert. The other one precedes the report.
        assert_eq!(times(world, "/reactions?"), [HOUR + MINUTE * 40]);
        assert_eq!(open(&folder).messages().iter().filter(|it| it.due_at.is_some()).count(), 0);
    }

    pub(super) async fn reaction_during_an_outage_prevents_what_is_due<X: Portable>(world: &World, client: Client<X>) {
        let (folder, client) = (Folder::new(), stop_at(world, &client, HOUR * 2));
        let outbox = open(&folder);
        add_alert(&outbox, "a", org::LOBBY);
        react_to(world, org::ANNA, "a", MINUTE * 6);
        world.at(MINUTE * 5, |world| world.down_for(MINUTE * 20));
        let mut failures = 0;
        let handler = |messages: &mut OutboxMessages<u32>, event: OutboxEvent<'_>| {
            failures += usize::from(matches!(&event, OutboxEvent::Retrying { error } if error.is_transient()));
            report(messages, event);
        };
        X::wait(outbox.follow(&client, handler)).await.expect("it is stopped");
        assert_eq!(texts(world, org::LOBBY), ["a", "a: Anna ok"]);
        assert!(failures > 5, "{failures}");
    }

    /// The server acts on the post, whose response is late, and the feed delivers the reaction meanwhile.
    pub(super) async fn reaction_before_the_id_is_known_is_reported<X: Portable>(world: &World, client: Client<X>) {
        let (folder, client) = (Folder::new(), stop_at(world, &client, HOUR * 2));
        let outbox = open(&folder);
        let added = outbox.clone();
        world.at(MINUTE, move |world| {
            // The request arrives within its timeout of ten seconds, but not the response.
            world.latency_in(org::LOBBY, SECOND * 12);
            add_alert(&added, "a", org::LOBBY);
        });
        world.at(MINUTE * 15, |world| world.latency_in(org::LOBBY, Duration::ZERO));
        let reacted = Mutex::new(false);
        world.whenever_posted(move |world, message| {
            let (tid, mid) = (message.tid.clone(), message.mid.clone());
            if !std::mem::replace(&mut *reacted.lock().expect("no panic"), true) {
                world.after(SECOND, move |world| {
                    world.act(org::ANNA, |anna| anna.react(&tid, &mid, "ok")).expect("the chat is open");
                });
            }
        });
        let mut reported_due = false;
        let handler = |messages: &mut OutboxMessages<u32>, event: OutboxEvent<'_>| match event {
            // Nothing is due that would fetch the reactions.
            OutboxEvent::Posted { .. } => {}
            event => {
                reported_due |= matches!(event, OutboxEvent::Due { .. });
                report(messages, event);
            }
        };
        X::wait(outbox.follow(&client, handler)).await.expect("it is stopped");
        assert_eq!(texts(world, org::LOBBY), ["a", "a: Anna ok"]);
        assert!(!reported_due);
    }

    pub(super) async fn failing_requests_of_one_chat_delay_no_other<X: Portable>(world: &World, client: Client<X>) {
        let folder = Folder::new();
        let outbox = open(&folder);
        // So many that the first is to be repeated before the last has been tried.
        let keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
        for key in keys {
            add_alert(&outbox, key, org::LOBBY);
        }
        add_alert(&outbox, "z", org::NOTICES);
        let first = stop_at(world, &client, MINUTE);
        // Nothing is due: only the gap makes it fetch reactions.
        let handler = |messages: &mut OutboxMessages<u32>, event: OutboxEvent<'_>| match event {
            OutboxEvent::Posted { .. } => {}
            event => report(messages, event),
        };
        X::wait(outbox.follow(&first, handler)).await.expect("it is stopped");
        let mid = |key: &str| outbox.messages().entry(key).and_then(|it| it.mid.cloned()).expect("it is posted");
        for key in keys {
            world.act(org::ANNA, |anna| anna.react(org::LOBBY, mid(key).as_str(), "ok")).expect("the chat is open");
        }
        world.act(org::BEN, |ben| ben.react(org::NOTICES, mid("z").as_str(), "ok")).expect("the chat is open");
        world.administer(|server, _| server.expire_cursors());
        world.latency_in(org::LOBBY, HOUR * 9);
        let z = mid("z");
        // While the requests of the other chat fail.
        world.at(MINUTE * 40, move |world| {
            world.act(org::DAVID, |david| david.react(org::NOTICES, z.as_str(), "sos")).expect("the chat is open");
        });
        world.at(HOUR, |world| world.latency_in(org::LOBBY, Duration::ZERO));
        X::wait(outbox.follow(&stop_at(world, &client, HOUR * 2), handler)).await.expect("it is stopped");
        assert_eq!(texts(world, org::NOTICES), ["z", "z: Ben ok", "z: David sos"]);
        let mut reported = texts(world, org::LOBBY).split_off(keys.len());
        reported.sort();
        assert_eq!(reported, keys.map(|key| format!("{key}: Anna ok")));
        let posts = times(world, &format!("POST /v1/chats/{}/", org::NOTICES));
        assert!(posts[1] < MINUTE * 5, "the request is not behind the repetitions of the others: {posts:?}");
        assert!(posts[2] < MINUTE * 43, "the feed is followed: {posts:?}");
    }

    pub(super) async fn missed_reactions_are_fetched_after_a_gap_and_a_restart<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let folder = Folder::new();
        add_alert(&open(&folder), "a", org::LOBBY);
        // The first process is killed before it knows that the alert is posted, so Anna's reaction is before the
        // checkpoint of the second.
        let stop = StopHandle::new();
        let kill = stop.clone();
        react_to(world, org::ANNA, "a", Duration::ZERO);
        world.whenever_posted(move |_, _| kill.stop());
        X::wait(open(&folder).follow(&client.stopped_by(&stop), report)).await.expect("it is stopped");
        assert_eq!((open(&folder).messages().waiting(), texts(world, org::LOBBY).len()), (1, 1));

        X::wait(open(&folder).follow(&stop_at(world, &client, MINUTE), report)).await.expect("it is stopped");
        assert_eq!(texts(world, org::LOBBY), ["a", "a: Anna ok"]);
        let mid = open(&folder).messages().entry("a").and_then(|it| it.mid.cloned()).expect("it is posted");
        world.at(MINUTE * 2, |world| world.down_for(MINUTE));
        world.at(MINUTE * 2 + SECOND, move |world| {
            world.act(org::BEN, |ben| ben.react(org::LOBBY, mid.as_str(), "sos")).expect("the chat is open");
            world.administer(|server, _| server.expire_cursors());
        });
        X::wait(open(&folder).follow(&stop_at(world, &client, MINUTE * 5), report)).await.expect("it is stopped");
        assert_eq!(texts(world, org::LOBBY), ["a", "a: Anna ok", "a: Ben sos"]);
        // A process asks once at its start.
        let asked = times(world, "/reactions?").len();
        X::wait(open(&folder).follow(&stop_at(world, &client, MINUTE * 6), report)).await.expect("it is stopped");
        assert_eq!((texts(world, org::LOBBY).len(), times(world, "/reactions?").len()), (3, asked + 1));
    }

    pub(super) async fn unavailable_message_is_not_due_any_more<X: Portable>(world: &World, client: Client<X>) {
        let outbox = teamwire_blocking::Outbox::in_memory();
        add_alert(&outbox, "a", org::LOBBY);
        add_alert(&outbox, "z", org::NOTICES);
        let mut unavailable = Vec::new();
        let handler = |messages: &mut OutboxMessages<u32>, event: OutboxEvent<'_>| match event {
            OutboxEvent::Unavailable { key, error } => unavailable.push((key.to_owned(), error.kind())),
            event => report(messages, event),
        };
        let first = stop_at(world, &client, MINUTE);
        X::wait(outbox.follow(&first, report)).await.expect("it is stopped");
        X::wait(client.chats().chat(org::NOTICES).leave()).await.expect("it may");
        X::wait(outbox.follow(&stop_at(world, &client, HOUR), handler)).await.expect("it is stopped");
        assert_eq!(unavailable, [("z".to_owned(), ErrorKind::NotFound)]);
        assert_eq!(texts(world, org::LOBBY), ["a", "a: no reaction"]);
        assert_eq!(texts(world, org::NOTICES), ["z"]);
        assert!(outbox.messages().iter().all(|it| it.due_at.is_none()));
    }

    pub(super) async fn due_messages_without_reactions_need_no_request<X: Portable>(world: &World, client: Client<X>) {
        let folder = Folder::new();
        let outbox = open(&folder);
        world.act(org::BEN, |ben| ben.close(org::NOTICES)).expect("he is an admin");
        let at = |time: Duration| client.now().utc + TimeDelta::from_std(time).expect("it is short");
        let (never, soon, later) = (at(HOUR * 999), at(SECOND), at(MINUTE * 30));
        for (key, chat, time) in
            [("soon", org::LOBBY, soon), ("later", org::LOBBY, later), ("rejected", org::NOTICES, soon)]
        {
            add(&outbox, key, chat);
            outbox.change(|messages| messages.set_due(key, time)).expect("saved");
        }
        outbox.change(|messages| messages.set_due("none", soon)).expect("saved");
        add(&outbox, "never", org::LOBBY);
        outbox.change(|messages| messages.set_due("never", never)).expect("saved");
        assert_eq!(open(&folder).messages().entry("later").and_then(|it| it.due_at), Some(later));
        // What is due waits until it is posted.
        world.down_for(MINUTE * 10);
        let mut due = Vec::new();
        let handler = |messages: &mut OutboxMessages<u32>, event: OutboxEvent<'_>| {
            if let OutboxEvent::Due { key } = event {
                assert_eq!(messages.entry(key).and_then(|it| it.due_at), None);
                due.push((key.to_owned(), client.now().utc));
            }
        };
        X::wait(open(&folder).follow(&stop_at(world, &client, HOUR), handler)).await.expect("it is stopped");
        assert_eq!(due.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["soon", "later"]);
        assert!(due[0].1 > at(MINUTE * 10) - TimeDelta::hours(1) && due[1].1 == later, "{due:?}");
        assert!(times(world, "/reactions?").is_empty());
        let messages = open(&folder).messages();
        let left: Vec<_> = messages.iter().filter(|it| it.due_at.is_some()).map(|it| it.key).collect();
        assert_eq!((left, messages.entry("rejected").map(|it| it.is_rejected)), (vec!["never"], Some(true)));
    }

    pub(super) async fn mistaken_due_time_leaves_pauses<X: Portable>(world: &World, client: Client<X>) {
        let (folder, mut count) = (Folder::new(), 0);
        let outbox = open(&folder);
        add_alert(&outbox, "a", org::LOBBY);
        let handler = |messages: &mut OutboxMessages<u32>, event: OutboxEvent<'_>| {
            if let OutboxEvent::Posted { key, .. } | OutboxEvent::Due { key } = event {
                count += 1;
                messages.set_due(key, client.now().utc - TimeDelta::hours(1));
            }
        };
        X::wait(outbox.follow(&stop_at(world, &client, MINUTE), handler)).await.expect("it is stopped");
        assert!((50..70).contains(&count), "once a second: {count}");
    }

    /// A stop that leaves no time to a post.
    pub(super) async fn cancelled_delivery_is_the_regular_end<X: Portable>(world: &World, client: Client<X>) {
        let (folder, stop) = (Folder::new(), StopHandle::new());
        let (outbox, client) = (open(&folder), client.stopped_by(&stop));
        add_alert(&outbox, "a", org::LOBBY);
        world.latency(SECOND * 5);
        world.at(SECOND, move |_| stop.stop());
        X::wait(outbox.follow(&client, report)).await.expect("it is stopped");
        assert_eq!((outbox.messages().waiting(), world.elapsed()), (1, SECOND));
        let error = X::wait(outbox.deliver(&client, |_, _, _| {})).await.expect_err("the client is stopped");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert!(error.unless_cancelled().is_ok());
    }

    pub(super) async fn error_that_is_neither_permanent_nor_transient_ends_the_loop<X: Portable>(
        world: &World,
        client: Client<X>,
    ) {
        let outbox = teamwire_blocking::Outbox::in_memory();
        add_alert(&outbox, "a", org::LOBBY);
        let app_id = world.var("TEAMWIRE_APP_ID").expect("it has a key");
        world.at(MINUTE * 5, move |world| {
            assert!(world.administer(|server, _| server.set_key_revoked(&app_id, true)));
        });
        let error = X::wait(outbox.follow(&client, report)).await.expect_err("the key is revoked");
        let kind = error.unless_cancelled().map_err(|error| error.kind());
        assert_eq!(kind, Err(ErrorKind::Auth));
    }
}
