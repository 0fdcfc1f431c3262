//! Bots to run operations on, manually or on a script.

use std::{
    fmt::Debug,
    sync::{LazyLock, OnceLock},
};

use chrono::DateTime;
use teamwire_core::{
    Chat, Client, Config, Credentials, Error, Message, Reaction, Script,
    effect::{Moment, Now, Response},
    executor::{Executor, Manual},
    flow::Flow,
    machine::{Machine, Reply, Step},
    script::{Expect, Respond, sample},
};

use super::{Operation, TID, Visitor, response};

/// A client, and the objects of the operations of the table.
///
/// The operations also name the users `u-anna` and `u-ben`, and the group `g-on-call`.
#[derive(Debug)]
pub struct Bot<X: Executor> {
    /// The client.
    pub client: Client<X>,
    /// A group chat. Manually and on a script it is [`TID`] with the content of [`sample::chat`].
    pub chat: Chat<X>,
    /// An alert in it.
    pub alert: Message,
    /// The bot's reaction to it: `Ok`.
    pub reaction: Reaction,
}

/// A bot whose machines are driven by the test.
pub type ByHandBot = Bot<Manual>;

/// A bot on a script.
pub type ScriptBot = Bot<Script>;

/// The entropy of a session in a test.
pub const ENTROPY: [u8; 32] = *b"32 bytes that a test wrote down.";

/// The configuration of a backend that receives no request.
pub fn config() -> Config {
    let credentials = Credentials::new("app-7f3a", "s3cr3t-of-the-bot").expect("they have neither colon nor control");
    Config::new("https://teamwire.example.org", credentials).expect("it is a URL")
}

/// The epoch, at 2026-01-01 00:00 UTC.
pub fn now() -> Now {
    Now::new(Moment::EPOCH, DateTime::from_timestamp_nanos(1_767_225_600_000_000_000))
}

impl ByHandBot {
    /// A bot whose chat is found manually.
    pub fn by_hand(config: Config, entropy: [u8; 32]) -> Self {
        let client = Client::new(Manual::new(config, entropy, now()));
        let mut search = client.chats().by_thread_id(TID);
        let Step::Send(ticket, _) = search.poll(now()) else { panic!("a search sends a request") };
        search.handle(now(), ticket, Reply::Response(response(200, &sample::chat(TID, "Night shift"))));
        let Step::Done(Ok(Some(chat))) = search.poll(now()) else { panic!("the response was a chat") };
        drop(search);
        Self { client, chat, alert: alert().clone(), reaction: reaction().clone() }
    }

    /// The machine of an operation, for `drive`.
    pub fn drive<R>(&mut self, operation: Operation, drive: impl FnOnce(&mut dyn Flow<Output = String>) -> R) -> R {
        operation.run(self, RunManually(drive))
    }

    /// Returns the outcome of an operation after this response to its first request.
    ///
    /// # Errors
    ///
    /// The error of the operation.
    ///
    /// # Panics
    ///
    /// If it does not end with this response.
    pub fn outcome_after(&mut self, operation: Operation, response: Response) -> Result<String, Error> {
        self.drive(operation, |flow| {
            let Step::Send(ticket, _) = flow.poll(now()) else { panic!("it begins with a request") };
            flow.handle(now(), ticket, Reply::Response(response));
            match flow.poll(now()) {
                Step::Done(outcome) => outcome,
                step => panic!("it should end, not return {step:?}"),
            }
        })
    }

    /// The first request of an operation, as it goes over the wire.
    pub fn request(&mut self, operation: Operation) -> http::Request<Vec<u8>> {
        self.drive(operation, request_of)
    }
}

/// The first request of a machine, as it goes over the wire.
pub fn request_of<T: Debug + Send>(flow: &mut dyn Flow<Output = T>) -> http::Request<Vec<u8>> {
    match flow.poll(now()) {
        Step::Send(_, exchange) => exchange.request.map(|body| body.as_bytes().expect("it is in memory").to_vec()),
        step => panic!("it begins with {step:?}"),
    }
}

/// Passes an operation's machine to a function, with its output as text.
#[derive(Debug)]
pub struct RunManually<F>(pub F);

impl<F, R> Visitor<Manual> for RunManually<F>
where
    F: FnOnce(&mut dyn Flow<Output = String>) -> R,
{
    type Output = R;

    fn visit<'a, T: Debug + Send + 'a>(self, run: Box<dyn Flow<Output = T> + 'a>) -> R {
        (self.0)(&mut run.map(|output| format!("{output:?}")))
    }
}

/// The output of an operation on a script, as text.
#[derive(Clone, Copy, Debug)]
pub struct DebugOutput;

impl Visitor<Script> for DebugOutput {
    type Output = Result<String, Error>;

    fn visit<'a, T: Debug + Send + 'a>(self, run: Result<T, Error>) -> Self::Output {
        run.map(|output| format!("{output:?}"))
    }
}

/// The outcome of an operation on a script.
#[derive(Debug)]
pub struct ScriptRun {
    /// Its result.
    pub outcome: Result<String, Error>,
    /// The script: its clock, and the requests, of which the first is the search for the chat.
    pub script: Script,
    /// The bot.
    pub bot: ScriptBot,
}

impl ScriptBot {
    /// A bot on this script, which finds its chat first.
    pub fn on(script: &Script) -> Self {
        let response = Respond::json(200, sample::chat(TID, "Night shift"));
        let client = Client::new(script.clone().then(Expect::get(format!("/v1/chats/{TID}")), response));
        let chat = client.chats().by_thread_id(TID).expect("the script has it").expect("the script has it");
        Self { client, chat, alert: alert().clone(), reaction: reaction().clone() }
    }
}

impl Operation {
    /// Runs it on a script that has these responses for it, and no others.
    ///
    /// # Panics
    /// If it does not use all of them.
    pub fn play(self, config: Config, responses: impl IntoIterator<Item = Respond>) -> ScriptRun {
        let script = Script::with_config(config);
        let mut bot = ScriptBot::on(&script);
        let wanted = ByHandBot::by_hand(super::config(), ENTROPY).request(self);
        for response in responses {
            let expect = Expect::new(wanted.method().clone(), wanted.uri().path());
            let _ = script.clone().then(expect, response);
        }
        let outcome = self.run(&mut bot, DebugOutput);
        script.assert_done();
        ScriptRun { outcome, script, bot }
    }
}

/// An alert in the chat.
pub fn alert() -> &'static Message {
    static ALERT: OnceLock<Message> = OnceLock::new();
    ALERT.get_or_init(|| {
        let list = sample::messages([sample::alert("m1", TID, "the database is down")]);
        let script = Script::new().then(Expect::get(format!("/v1/chats/{TID}/messages")), Respond::json(200, list));
        let client = Client::new(script);
        client.chats().chat(TID).messages(None).expect("the script has it").messages.remove(0)
    })
}

/// A reaction to [`alert`].
pub fn reaction() -> &'static Reaction {
    static REACTION: LazyLock<Reaction> = LazyLock::new(|| {
        let list = sample::page([sample::reaction("r1", "m1", TID, "ok")]);
        let path = format!("/v1/chats/{TID}/messages/m1/reactions");
        let client = Client::new(Script::new().then(Expect::get(path), Respond::json(200, list)));
        client.chats().chat(TID).reactions(alert()).expect("the script has it").into_vec().remove(0)
    });
    &REACTION
}
