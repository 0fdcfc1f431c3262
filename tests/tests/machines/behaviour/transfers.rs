//! The temporary file of a download, and the idempotency keys of uploads.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use teamwire_core::{
    Client, Draft, Error, ErrorKind, Script,
    effect::{Exchange, FileError, FileErrorKind, FileOutcome, FileTask, Response},
    executor::Manual,
    flow::Flow,
    machine::{Machine, Reply, Step, Ticket},
    model::{Asset, Attachment, Upload},
    script::{Expect, Respond, sample},
};
use teamwire_tests::operations::{ENTROPY, TID, config, now, response};

const CONTENT: &[u8] = b"12345";

fn client() -> Client<Manual> {
    Client::new(Manual::new(config(), ENTROPY, now()))
}

fn asset_json(id: &str) -> Value {
    json!({ "id": id, "file_name": "plan.pdf", "media_type": "application/pdf", "size": CONTENT.len() })
}

/// A PDF of five bytes.
fn asset() -> Asset {
    let mut message = sample::message("m1", TID, "look");
    message["attachments"] = json!([{ "kind": "file", "asset": asset_json("a1") }]);
    let path = format!("/v1/chats/{TID}/messages");
    let script = Script::new().then(Expect::get(path), Respond::json(200, sample::messages([message])));
    let messages = Client::new(script).chats().chat(TID).messages(None).expect("the script has it").messages;
    match messages[0].attachments.as_slice() {
        [Attachment::File(asset)] => asset.clone(),
        other => panic!("{other:?}"),
    }
}

fn task<T: Send>(flow: &mut dyn Flow<Output = T>) -> (Ticket, FileTask) {
    match flow.poll(now()) {
        Step::File(ticket, task) => (ticket, task),
        Step::Send(_, exchange) => panic!("it sends {exchange:?}"),
        _ => panic!("it wants nothing of a file"),
    }
}

fn exchange<T: Send>(flow: &mut dyn Flow<Output = T>) -> (Ticket, Box<Exchange>) {
    match flow.poll(now()) {
        Step::Send(ticket, exchange) => (ticket, exchange),
        Step::File(_, task) => panic!("it wants {task:?}"),
        _ => panic!("it sends nothing"),
    }
}

fn done(done: FileOutcome) -> Reply {
    Reply::File(Ok(done))
}

fn failed() -> Reply {
    Reply::File(Err(FileError::new(".part", FileErrorKind::PermissionDenied, "the disk has a bad day")))
}

fn pdf() -> Response {
    let mut response = response(200, &Value::Null);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/pdf"));
    response
}

/// Drives a download with these replies to measuring and, if given, to renaming its new file. Asserts that the file is
/// then removed, and that the download fails.
#[track_caller]
fn is_discarded(measured: Reply, renamed: Option<Reply>) -> Error {
    let (client, asset) = (client(), asset());
    let chats = client.chats();
    let mut save = chats.download_to(&asset, "plan.pdf");
    let (ticket, _) = task(&mut *save);
    save.handle(now(), ticket, done(FileOutcome::Created { part: ".part".into(), target: "plan.pdf".into() }));
    let (ticket, _) = exchange(&mut *save);
    save.handle(now(), ticket, Reply::Response(pdf()));
    let (ticket, measure) = task(&mut *save);
    assert_eq!(measure, FileTask::Len { path: ".part".into() });
    save.handle(now(), ticket, measured);
    if let Some(renamed) = renamed {
        let (ticket, rename) = task(&mut *save);
        assert_eq!(rename, FileTask::Rename { from: ".part".into(), to: "plan.pdf".into() });
        save.handle(now(), ticket, renamed);
    }
    let (ticket, discard) = task(&mut *save);
    assert_eq!(discard, FileTask::Remove { path: ".part".into() }, "the new file is left");
    save.handle(now(), ticket, done(FileOutcome::Done));
    match save.poll(now()) {
        Step::Done(Err(error)) => error,
        _ => panic!("it ends with an error"),
    }
}

#[test]
fn new_file_that_cannot_be_measured_is_discarded() {
    assert_eq!(is_discarded(failed(), None).kind(), ErrorKind::File);
}

#[test]
fn new_file_of_another_length_is_discarded() {
    for length in [0, CONTENT.len() as u64 - 1, CONTENT.len() as u64 + 1] {
        let error = is_discarded(done(FileOutcome::Len(length)), None);
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
    }
}

#[test]
fn new_file_that_cannot_be_renamed_is_discarded() {
    let measured = done(FileOutcome::Len(CONTENT.len() as u64));
    assert_eq!(is_discarded(measured, Some(failed())).kind(), ErrorKind::File);
}

/// Returns the keys of three uploads and of their message, for a draft with this key.
fn keys(client: &Client<Manual>, key: Option<&str>) -> Vec<String> {
    let files = ["one", "two", "three"].map(|name| Upload::from_bytes(name, CONTENT));
    let draft = files.into_iter().fold(Draft::text("look"), Draft::attach);
    let draft = key.into_iter().fold(draft, Draft::idempotency_key);
    let chat = client.chats().chat(TID);
    let mut post = chat.post(draft);
    let mut keys = Vec::new();
    for number in 0..4 {
        let (ticket, exchange) = exchange(&mut *post);
        let key = exchange.request.headers().get("idempotency-key").expect("each request of a post has a key");
        keys.push(key.to_str().expect("it is text").to_owned());
        let is_upload = exchange.request.uri().path() == "/v1/assets";
        assert_eq!(is_upload, number < 3, "{}", exchange.request.uri());
        let stored = if is_upload { asset_json(&format!("a{number}")) } else { sample::message("m1", TID, "look") };
        post.handle(now(), ticket, Reply::Response(response(201, &stored)));
    }
    assert!(matches!(post.poll(now()), Step::Done(Ok(_))));
    keys
}

#[test]
fn each_file_of_a_post_has_a_key_that_no_other_request_has() {
    let client = client();
    for key in [None, Some("alarm-7")] {
        let keys = keys(&client, key);
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 4, "{keys:?}");
    }
    let (first, second) = (keys(&client, Some("alarm-7")), keys(&client, Some("alarm-8")));
    assert!(first.iter().all(|key| !second.contains(key)), "{first:?} and {second:?}");
}

#[test]
fn post_repeated_by_its_key_repeats_the_keys_of_its_files() {
    // The keys are the same in another process.
    let again = Client::new(Manual::new(config(), [9; 32], now()));
    assert_eq!(keys(&client(), Some("alarm-7")), keys(&again, Some("alarm-7")));
    assert_eq!(keys(&client(), Some("alarm-7"))[3], "alarm-7");
    let (one, other) = (keys(&client(), None), keys(&again, None));
    assert!(one.iter().all(|key| !other.contains(key)), "{one:?} and {other:?}");
}
