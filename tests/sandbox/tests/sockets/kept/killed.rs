//! The command, killed at any time.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use serde_json::{Value, json};

use super::Folder;
use crate::client::Client;
#[cfg(unix)]
use crate::client::control;

const POST: &str = "/v1/chats/t-lobby/messages";

/// The command with a folder. Dropping it kills it.
struct Killed {
    process: Child,
    bot: SocketAddr,
    #[cfg_attr(not(unix), allow(dead_code, reason = "only the test of a full disk changes the world by the page"))]
    page: SocketAddr,
    app_id: String,
    secret: String,
}

impl Killed {
    fn start(folder: &Folder) -> Self {
        Self::of(Command::new(env!("CARGO_BIN_EXE_teamwire-sandbox")).arg("--data").arg(folder.path()))
    }

    fn of(command: &mut Command) -> Self {
        let command = command.args(["--port", "0", "--page-port", "0", "--seed", "7", "--variables", "env"]);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the command runs");
        let mut lines = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
        let mut first = Vec::new();
        while !first.last().is_some_and(|line: &String| line.starts_with("Press Ctrl-C")) {
            first.push(lines.next().expect("the output continues").expect("the output is UTF-8"));
        }
        // The command waits if its output is not read.
        thread::spawn(move || lines.for_each(drop));
        let after = |start: &str| {
            let value = first.iter().find_map(|line| line.split_once(start));
            value.unwrap_or_else(|| panic!("no {start} in {first:?}")).1.to_owned()
        };
        let address = |url: String| url.trim_start_matches("http://").parse().expect("it is an address");
        Self {
            bot: address(after("TEAMWIRE_URL=")),
            page: address(after("watch the bot: ")),
            app_id: after("TEAMWIRE_APP_ID="),
            secret: after("TEAMWIRE_SECRET="),
            process,
        }
    }

    fn connect(&self) -> Client {
        Client::connect_to(self.bot, &self.app_id, &self.secret)
    }

    /// The ids of all messages.
    fn mids(&self) -> Vec<String> {
        let (mut bot, mut mids, mut query) = (self.connect(), Vec::new(), String::new());
        loop {
            let page = bot.get(&format!("{POST}?limit=100{query}")).assert_status(200).json();
            let items = page["items"].as_array().expect("it is a list");
            mids.extend(items.iter().filter_map(|item| item["mid"].as_str().map(str::to_owned)));
            let Some(cursor) = page["next_cursor"].as_str() else { return mids };
            query = format!("&cursor={cursor}");
        }
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let killed = self.process.kill().and_then(|()| self.process.wait());
        assert!(killed.is_ok() || thread::panicking(), "{killed:?}");
    }
}

/// Posts a message, and returns it if there is a response.
fn post(bot: &mut Client, key: &str, text: &str) -> Option<Value> {
    bot.send_json(&format!("POST {POST}"), key, &json!({ "msg": text })).ok()?;
    let response = bot.try_read().ok()??;
    Some(response.assert_status(201).json())
}

#[test]
fn acknowledged_messages_survive_a_kill() {
    const LIVES: usize = 12;
    const BOTS: usize = 3;
    let folder = Folder::new();
    let mut acknowledged: Vec<(String, Value)> = Vec::new();
    for life in 0..LIVES {
        let sandbox = Killed::start(&folder);
        let (tell, hear) = mpsc::channel();
        let bots = (0..BOTS).map(|bot| {
            let (mut client, tell) = (sandbox.connect(), tell.clone());
            thread::spawn(move || {
                let key = |number: usize| format!("{life}-{bot}-{number}");
                let responses =
                    (0..).map_while(|number| Some((key(number), post(&mut client, &key(number), "hello")?)));
                responses.for_each(|response| tell.send(response).expect("the test listens"));
            })
        });
        let bots: Vec<_> = bots.collect();
        drop(tell);
        // The kill is at any point of the requests that follow.
        acknowledged.extend(hear.iter().take(1 + life * 3));
        drop(sandbox);
        for bot in bots {
            bot.join().expect("the bot does not panic");
        }
        acknowledged.extend(hear);
    }
    let sandbox = Killed::start(&folder);
    let mids = sandbox.mids();
    assert_eq!(mids.iter().collect::<BTreeSet<_>>().len(), mids.len(), "no message is there twice");
    let mut bot = sandbox.connect();
    for (key, message) in &acknowledged {
        let mid = message["mid"].as_str().expect("it is text");
        assert!(mids.iter().any(|it| it == mid), "{key} was acknowledged");
        assert_eq!(post(&mut bot, key, "hello").as_ref(), Some(message), "{key} is not posted again");
    }
    // A request without a response may have been executed: one for each bot and life.
    assert!(
        mids.len() >= acknowledged.len() && mids.len() <= acknowledged.len() + LIVES * BOTS,
        "{} {}",
        mids.len(),
        acknowledged.len()
    );
    assert_eq!(sandbox.mids().len(), mids.len());
}

#[cfg(unix)]
#[test]
fn nothing_is_acknowledged_if_the_disk_is_full() {
    use std::fs;

    let folder = Folder::new();
    drop(folder.start());
    let blocks = fs::metadata(folder.world()).expect("it exists").len() / 512 + 100;
    let mut limited = Command::new("sh");
    // Ignored, the signal becomes an error of the write.
    limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    limited.arg(env!("CARGO_BIN_EXE_teamwire-sandbox")).arg("--data").arg(folder.path());
    let sandbox = Killed::of(limited.stderr(Stdio::piped()));
    let mut bot = sandbox.connect();
    let text = "x".repeat(10_000);
    let mut acknowledged = 0;
    while post(&mut bot, &format!("k{acknowledged}"), &text).is_some() {
        acknowledged += 1;
        assert!(acknowledged < 10_000, "the file grows");
    }
    assert!(acknowledged > 0, "there is room at first");
    // It is not acknowledged later either, until it is saved.
    assert_eq!(post(&mut sandbox.connect(), &format!("k{acknowledged}"), &text), None);
    let path = folder.world().display().to_string();
    let (status, problem) =
        control(sandbox.page, "POST /people/u-anna/chats/t-lobby/messages", &json!({ "msg": "hi" }).to_string());
    let detail = problem["detail"].as_str().unwrap_or_default().to_owned();
    assert!(status == 500 && detail.contains(&path), "{status} {detail}");
    assert_eq!(control(sandbox.page, "GET /world", "").0, 200);
    drop(sandbox);
    assert_eq!(Killed::start(&folder).mids().len(), acknowledged);
}
