//! The operations that the HTTP targets perform, with either executor.

use std::{env, fs, process, sync::LazyLock};

use teamwire_core::{
    ChatRef, Client, Config, Draft, FeedOptions, Message, Script,
    executor::Manual,
    feed::Poller,
    flow::Flow,
    model::{Asset, Attachment, NewAttachment, Upload},
    script::{Expect, Respond, sample},
};

use crate::{bot::now, setup::Operation};

/// The chat of the operations.
const CHAT: &str = "c1";

/// Long enough to be sent with `Expect: 100-continue`.
const FILE_LENGTH: usize = 70_000;

/// A bot whose operations are machines for an executor.
pub struct Bot {
    client: Client<Manual>,
    chat: ChatRef<Manual>,
}

/// An operation that discards its output.
pub type BoxedFlow<'a> = Box<dyn Flow<Output = ()> + 'a>;

impl Bot {
    /// Creates a bot with these settings.
    pub fn new(config: Config) -> Self {
        let client = Client::new(Manual::new(config, [7; 32], now()));
        let chat = client.chats().chat(CHAT);
        Self { client, chat }
    }

    /// Returns the operations to perform, one after another.
    pub fn operations(&self, operation: Operation) -> Vec<BoxedFlow<'_>> {
        match operation {
            Operation::Me => vec![self.me()],
            Operation::Post => vec![self.post()],
            Operation::Download => vec![self.download()],
            Operation::Messages => vec![Box::new(self.chat.messages(None).map(drop))],
            Operation::File => vec![Box::new(self.chat.post(Draft::new().attach(file())).map(drop))],
            Operation::Avatar => vec![Box::new(self.chat.load_avatar().map(drop))],
            Operation::Several => vec![self.me(), self.post(), self.download(), self.me()],
            Operation::Feed => Vec::new(),
        }
    }

    /// Returns the feed of [`Operation::Feed`].
    pub fn feed(&self) -> Poller<Message> {
        self.client.chats().new_messages(FeedOptions::from_now())
    }

    fn me(&self) -> BoxedFlow<'_> {
        Box::new(self.client.contacts().me().map(drop))
    }

    fn post(&self) -> BoxedFlow<'_> {
        Box::new(self.chat.post("hello").map(drop))
    }

    fn download(&self) -> BoxedFlow<'_> {
        static ASSET: LazyLock<Asset> = LazyLock::new(asset);
        Box::new(self.client.chats().download(&*ASSET).map(drop))
    }
}

/// Returns an asset of five bytes. Only a server can create one, so it comes from a script.
fn asset() -> Asset {
    let mut message = sample::message("m1", CHAT, "");
    let kind = r#"[{"kind": "file", "asset": {"id": "a1", "file_name": "a", "media_type": "text/plain", "size": 5}}]"#;
    message["attachments"] = sample::json(kind);
    let path = format!("/v1/chats/{CHAT}/messages");
    let script = Script::new().then(Expect::post(&path), Respond::json(201, message));
    let posted =
        Client::new(script).chats().chat(CHAT).post("hello").expect("the script has a response to this request");
    match posted.attachments.into_iter().next() {
        Some(Attachment::File(asset)) => asset,
        other => panic!("expected a file, got {other:?}"),
    }
}

/// Returns a file to attach. It is created once per process, in the folder for temporary files.
fn file() -> NewAttachment {
    static PATH: LazyLock<String> = LazyLock::new(|| {
        let path = env::temp_dir().join(format!("teamwire-fuzz-{}", process::id()));
        fs::write(&path, vec![b'x'; FILE_LENGTH]).expect("the temporary folder is writable");
        path.into_os_string().into_string().expect("the path is Unicode")
    });
    NewAttachment::file(Upload::from_path(PATH.as_str()).file_name("file.txt"))
}
