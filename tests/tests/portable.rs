//! One bot, generic over its executor, on every adapter.

use teamwire_core::{
    Client, Error, ErrorKind, FeedEvent, Script,
    executor::Portable,
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
};

/// Echoes messages until the feed ends. Returns their number.
async fn echo<X: Portable>(client: Client<X>) -> Result<usize, Error> {
    let me = X::wait(client.contacts().me()).await?;
    let (mut events, mut count) = (client.chats().new_messages(None), 0);
    while let Some(event) = X::next(&mut events).await {
        if let FeedEvent::Update { item, .. } = event? {
            let text = format!("{}: {}", me.first_name, item.text.unwrap_or_default());
            X::wait(client.chats().chat(&item.tid).post(text)).await?;
            count += 1;
        }
    }
    Ok(count)
}

/// A message, whose response is posted at the second attempt, and the end of the feed.
fn script() -> Script {
    let message = sample::message("m1", "c1", "hello");
    let bot = sample::bot();
    let text = format!("{}: hello", bot["first_name"].as_str().expect("it has a name"));
    Script::new()
        .on(expect::me(), [respond::user(bot)])
        .on(expect::all_message_updates(), [respond::no_updates("k0"), respond::message_updates([message], "k1")])
        .on(
            expect::post("c1").text(&text),
            [Respond::unreachable(), respond::message(sample::message("m2", "c1", &text))],
        )
}

/// Runs the bot on a script, on one of the executors.
type Echo = fn(&Script) -> Result<usize, Error>;

/// A future as it has to be for a task of its own.
fn spawnable<T>(future: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> + Send + 'static {
    future
}

#[test]
fn generic_bot_runs_on_a_script_and_on_both_adapters() {
    let echoes: [Echo; 4] = [
        |script| teamwire_blocking::block_on(spawnable(echo(Client::new(script.clone())))),
        |script| teamwire_blocking::block_on(spawnable(echo(teamwire_blocking::scripted(script)))),
        |script| async_std::task::block_on(async_std::task::spawn(echo(teamwire_async_std::scripted(script)))),
        |script| smol::block_on(smol::spawn(echo(teamwire_async_std::smol::scripted(script)))),
    ];
    for echo in echoes {
        let script = script();
        assert_eq!(echo(&script).expect("everything succeeds"), 1);
        script.assert_done();
        let script = Script::new().on(expect::me(), [Respond::status(401)]);
        assert_eq!(echo(&script).expect_err("the key is revoked").kind(), ErrorKind::Auth);
    }
}
