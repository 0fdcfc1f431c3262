//! Bots whose backend restarts with its world, which a folder keeps.

use teamwire_core::{Checkpoint, Draft, FeedEvent, FeedOptions, executor::Executor, feed::Poller, machine::Feed};
use teamwire_sandbox::{Sandbox, org};
use teamwire_test_support::Folder;
use teamwire_tests::{Fixture, executor_test, harness::Harness};

/// A backend with the world in this folder, and a client.
fn start<H: Harness>(folder: &Folder) -> Fixture<H> {
    Fixture::with(Sandbox::builder().data(folder.path("world")), |config| config)
}

/// Reads a feed until this number of items has arrived. Returns them with the last checkpoint.
#[track_caller]
fn read<H: Harness, T>(
    mut events: <H::X as Executor>::Events<Poller<T>>,
    count: usize,
    before: impl FnOnce(),
) -> (Vec<T>, Checkpoint)
where
    Poller<T>: Feed<Event = FeedEvent<T>> + 'static,
    T: std::fmt::Debug,
{
    let (mut items, mut last, mut before) = (Vec::new(), None, Some(before));
    while items.len() < count || last.is_none() {
        let event = H::next(&mut events).expect("the feed does not end").expect("the backend is there");
        assert!(!matches!(event, FeedEvent::Gap(_)), "nothing is lost");
        last = event.checkpoint().cloned().or(last);
        match event {
            FeedEvent::Started(_) => before.take().expect("it starts once")(),
            FeedEvent::Update { item, .. } => items.push(item),
            _ => {}
        }
    }
    H::stop(&mut events);
    (items, last.expect("the loop has ended"))
}

#[executor_test(adapters)]
fn feed_continues_from_its_checkpoint_with_each_message_once<H: Harness>() {
    let folder = Folder::new();
    let (mut seen, mut checkpoint) = (Vec::new(), None::<Checkpoint>);
    for run in 0..4 {
        let fixture = start::<H>(&folder);
        let anna = fixture.sandbox.as_person(org::ANNA);
        let post = |part: &str| drop(anna.post(org::LOBBY, &format!("{run} {part}")).expect("she is a member"));
        // In the first run the feed starts now; later, with what was posted at the end of the run before.
        let (options, count) = match checkpoint {
            Some(checkpoint) => (FeedOptions::from(checkpoint), 2),
            None => (FeedOptions::from_now(), 1),
        };
        let events = fixture.client.chats().chat(org::LOBBY).new_messages(options);
        if count > 1 {
            post("while the bot is away");
        }
        let (messages, last) = read::<H, _>(events, count, || {
            if count == 1 {
                post("at the start");
            }
        });
        seen.extend(messages.into_iter().filter_map(|message| message.text));
        checkpoint = Some(last);
        post("at the end");
    }
    let expected = [
        "0 at the start",
        "0 at the end",
        "1 while the bot is away",
        "1 at the end",
        "2 while the bot is away",
        "2 at the end",
        "3 while the bot is away",
    ];
    assert_eq!(seen, expected);
}

#[executor_test(adapters)]
fn leased_feed_continues_from_its_checkpoint<H: Harness>() {
    let folder = Folder::new();
    let fixture = start::<H>(&folder);
    let post = |fixture: &Fixture<H>| {
        let posted = fixture.sandbox.as_person(org::BEN).post_alert(org::LOBBY, "Pump 3 is down", "alert");
        posted.expect("he is a member")
    };
    let react = |fixture: &Fixture<H>, mid: &str| {
        fixture.sandbox.as_person(org::ANNA).react(org::LOBBY, mid, "ok").expect("she is a member");
    };
    let first = post(&fixture);
    let events = fixture.client.chats().reaction_updates(FeedOptions::from_now());
    let (reactions, checkpoint) = read::<H, _>(events, 1, || react(&fixture, &first));
    assert_eq!(reactions[0].mid, first.as_str());
    let second = post(&fixture);
    react(&fixture, &second);
    drop(fixture);

    let fixture = start::<H>(&folder);
    let third = post(&fixture);
    react(&fixture, &third);
    let events = fixture.client.chats().reaction_updates(FeedOptions::from(checkpoint));
    let (reactions, _) = read::<H, _>(events, 2, || {});
    let mids: Vec<_> = reactions.iter().map(|reaction| reaction.mid.as_str()).collect();
    assert_eq!(mids, [second, third]);
}

#[executor_test(adapters)]
fn repeated_key_does_not_post_again_after_a_restart<H: Harness>() {
    let folder = Folder::new();
    let post = || {
        let fixture = start::<H>(&folder);
        let draft = Draft::text("Pump 3 is down").idempotency_key("night-1");
        let posted = fixture.ok(fixture.client.chats().chat(org::LOBBY).post(draft));
        (posted.mid, fixture.sandbox.message_count())
    };
    let first = post();
    assert_eq!(first.1, 1);
    assert_eq!(post(), first);
}
