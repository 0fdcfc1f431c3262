//! Worlds that are restored from a copy of their folder.

use std::{fs, path::Path};

use serde_json::Value;
use teamwire_sandbox::{Sandbox, org};

use super::Folder;
use crate::client::Client;

const FEED: &str = "/v1/messages/updates";
const LIST: &str = "/v1/chats/t-lobby/messages";

/// Copies a folder and its subfolders.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("it can be created");
    for entry in fs::read_dir(from).expect("it exists").flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("it can be copied");
        }
    }
}

fn post(sandbox: &Sandbox, text: &str, many: usize) {
    for _ in 0..many {
        sandbox.as_person(org::ANNA).post(org::LOBBY, text).expect("she is a member");
    }
}

fn text(json: &Value) -> String {
    json.as_str().expect("it is text").to_owned()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// A cursor of the feed after all updates, and one of the list after its first message.
fn cursors(sandbox: &Sandbox) -> [String; 2] {
    let mut bot = Client::connect(sandbox);
    let feed = bot.get(FEED).assert_status(200).json();
    let list = bot.get(&format!("{LIST}?limit=1")).assert_status(200).json();
    [text(&feed["cursor"]), text(&list["next_cursor"])]
}

/// The status and the texts of the messages after these cursors.
fn after(sandbox: &Sandbox, [feed, list]: &[String; 2]) -> [(u16, Vec<String>); 2] {
    let mut bot = Client::connect(sandbox);
    [(format!("{FEED}?cursor={feed}"), "/data/msg"), (format!("{LIST}?cursor={list}"), "/msg")].map(|(path, msg)| {
        let response = bot.get(&path);
        let items = if response.status == 200 { response.json()["items"].clone() } else { response.json() };
        let items = items.as_array().into_iter().flatten();
        (response.status, items.filter_map(|item| item.pointer(msg)).map(text).collect())
    })
}

#[test]
fn cursor_of_what_the_copy_does_not_have_has_expired() {
    let (folder, backup) = (Folder::new(), Folder::new());
    let sandbox = folder.start();
    post(&sandbox, "kept", 2);
    let kept = cursors(&sandbox);
    drop(sandbox);
    copy(folder.path(), backup.path());

    let sandbox = folder.start();
    post(&sandbox, "lost", 2);
    let lost = cursors(&sandbox);
    assert_eq!(after(&sandbox, &kept), [(200, texts(&["lost"; 2])), (200, texts(&["kept"]))]);
    drop(sandbox);

    // Restarts of both keep their own cursors.
    for number in 0..3 {
        let (original, restored) = (folder.start(), backup.start());
        assert_eq!(after(&original, &lost), [(200, Vec::new()), (200, texts(&["kept", "lost", "lost"]))]);
        assert_eq!(after(&restored, &kept), [(200, texts(&vec!["new"; number])), (200, texts(&["kept"]))]);
        // Also once it has as many updates as the original.
        assert_eq!(after(&restored, &lost).map(|(status, _)| status), [410, 410], "after {number} updates");
        post(&restored, "new", 1);
    }
    let restored = backup.start();
    let news = cursors(&restored);
    assert_eq!(after(&restored, &lost).map(|(status, _)| status), [410, 410]);
    assert_eq!(after(&folder.start(), &news).map(|(status, _)| status), [410, 410]);
}

#[test]
fn item_has_the_same_cursor_after_each_restart() {
    let folder = Folder::new();
    let mut first = None;
    let mut seen: Vec<String> = Vec::new();
    for number in 1..5 {
        let sandbox = folder.start();
        let first = first.get_or_insert_with(|| text(&Client::connect(&sandbox).get(FEED).json()["cursor"]));
        post(&sandbox, "x", number % 3);
        let batch = Client::connect(&sandbox).get(&format!("{FEED}?cursor={first}")).assert_status(200).json();
        let cursors: Vec<_> =
            batch["items"].as_array().expect("it is a list").iter().map(|item| text(&item["cursor"])).collect();
        assert_eq!(cursors[..seen.len()], seen);
        seen = cursors;
    }
    assert_eq!(seen.len(), 4);
}
