//! Posts: their files are part of the request, and none is sent twice.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use teamwire_core::{
    Draft, ErrorKind, NewChat,
    effect::TransferProgress,
    model::{Attachment, Image, NewAttachment, Upload},
};
use teamwire_sandbox::{Fault, RateLimit, Rule, org};
use teamwire_test_support::{Folder, pattern};
use teamwire_tests::{Fixture, executor_test, harness::Harness, operations::AVATAR};

use super::lobby;

const POSTS: &str = "POST /v1/chats/{tid}/messages";
const LOBBY_POSTS: &str = "/v1/chats/*/messages";
const LENGTH: usize = 300_000;

#[executor_test(second)]
fn files_travel_with_their_post<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    // A text that ends like a part of a form.
    let tricky = b"\r\n--teamwire-\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{}\r\n--".to_vec();
    let contents = [pattern(LENGTH), tricky, Vec::new(), AVATAR.to_vec(), pattern(70_000)];
    let [large, tricky, empty, image, sound] = contents.clone();
    let draft = Draft::text("all of them")
        .attach(Upload::from_path(folder.file("plan.pdf", large)))
        .attach(Upload::from_bytes("odd \"name\"; filename=\"x\r\n.txt", tricky))
        .attach(Upload::from_bytes("empty", empty))
        .attach(NewAttachment::gallery([Upload::from_bytes("März.jpg", image)]).expect("it is one"))
        .attach(NewAttachment::sound(Upload::from_path(folder.file("s.ogg", sound)), Duration::from_millis(1500)));
    let posted = fixture.ok(lobby(&fixture).post(draft));
    assert_eq!(fixture.sandbox.received_count(POSTS), 1);
    let [
        Attachment::File(large),
        Attachment::File(tricky),
        Attachment::File(empty),
        Attachment::Gallery(images),
        Attachment::Sound(sound, duration),
    ] = posted.attachments.as_slice()
    else {
        panic!("{posted:?}");
    };
    assert_eq!(*duration, Some(Duration::from_millis(1500)));
    assert_eq!((large.file_name.as_str(), large.media_type.as_str()), ("plan.pdf", "application/pdf"));
    assert_eq!(images[0].file_name, "März.jpg");
    for (asset, content) in [large, tricky, empty, &images[0], sound].into_iter().zip(&contents) {
        assert_eq!(&fixture.ok(fixture.client.chats().download(asset)), content, "{asset:?}");
    }
    let path = folder.path("copy.pdf");
    fixture.ok(fixture.client.chats().download_to(large, path.as_str()));
    assert_eq!(std::fs::read(path).expect("it was written"), contents[0]);
}

#[executor_test(second)]
fn each_file_has_progress_of_its_own<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let logs = [LENGTH, 2 * LENGTH].map(|length| (length, Arc::<Mutex<Vec<TransferProgress>>>::default()));
    let uploads = logs.iter().map(|(length, log)| {
        let log = Arc::clone(log);
        let upload = Upload::from_path(folder.file(&format!("{length}.bin"), pattern(*length)));
        upload.on_progress(move |progress| log.lock().unwrap_or_else(PoisonError::into_inner).push(progress))
    });
    fixture.ok(lobby(&fixture).post(Draft::new().attach_all(uploads)));
    for (length, log) in &logs {
        let log = log.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(log.windows(2).all(|pair| pair[0].bytes < pair[1].bytes), "{log:?}");
        assert_eq!(log.last().map(|it| (it.bytes, it.total)), Some((*length as u64, Some(*length as u64))));
    }
}

#[executor_test(second)]
fn new_chat_contains_its_avatar_and_files<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let wanted = NewChat::titled("Ops").user(org::ANNA).avatar(Image::from_bytes(AVATAR)).message("Welcome");
    let chat = fixture.ok(fixture.client.chats().create_chat(wanted.attach(Upload::from_bytes("a.txt", "the plan"))));
    assert_eq!(fixture.ok(chat.load_avatar()), AVATAR);
    let messages = fixture.ok(chat.messages(None)).messages;
    let [Attachment::File(file)] = messages[0].attachments.as_slice() else { panic!("{messages:?}") };
    assert_eq!(fixture.ok(fixture.client.chats().download(file)), b"the plan");
    assert_eq!(fixture.sandbox.received_count("POST /v1/chats"), 1);
}

#[executor_test(second)]
fn post_without_a_response_is_not_sent_again<H: Harness>() {
    // The protocol does not know this code: the status decides.
    let timeout = Fault::response(408, "application/json", r#"{"error": {"id": "upstreamTimeout"}}"#);
    for (fault, posted) in [(Fault::CutAfter, 1), (Fault::CutBefore, 0), (Fault::status(500), 0), (timeout, 0)] {
        let fixture = Fixture::<H>::new();
        // The first request that fails is the post, and its connection is not one that was idle.
        fixture.ok(fixture.client.contacts().me());
        fixture.sandbox.faults().add(Rule::new(fault.clone()).on("POST", LOBBY_POSTS).always());
        let error = fixture.err(lobby(&fixture).post("hello"));
        assert!(error.outcome_unknown(), "{fault:?}: {error:?}");
        assert_eq!(fixture.sandbox.received_count(POSTS), 1, "{fault:?}");
        assert_eq!(fixture.sandbox.message_count(), posted, "{fault:?}");
    }
}

#[executor_test(second)]
fn limited_post_is_sent_again<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.sandbox.faults().add(Rule::new(Fault::status_retry_after(429, 0)).on("POST", LOBBY_POSTS).times(2));
    fixture.ok(lobby(&fixture).post("hello"));
    assert_eq!((fixture.sandbox.received_count(POSTS), fixture.sandbox.message_count()), (3, 1));
    fixture.sandbox.admin().set_rate_limit(Some(RateLimit { per_second: 0.0, burst: 0 }));
    assert_eq!(fixture.err(lobby(&fixture).post("hello")).kind(), ErrorKind::RateLimited);
}

#[executor_test(second)]
fn key_of_the_caller_is_rejected<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let error = fixture.err(lobby(&fixture).post(Draft::text("hello").idempotency_key("alarm-1")));
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    let error = fixture.err(fixture.client.chats().create_chat(NewChat::titled("Ops").idempotency_key("ops-1")));
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(fixture.sandbox.transcript().is_empty());
}
