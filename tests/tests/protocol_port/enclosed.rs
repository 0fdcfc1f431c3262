//! Posts that contain their files.

use teamwire_core::{
    Draft, Error, ErrorKind,
    effect::{FileError, FileErrorKind, FileOutcome, FileTask, TransportError, TransportErrorKind},
    error::Cause,
    machine::{Reply, Step},
    model::Upload,
};
use teamwire_tests::TokenProtocol;

use crate::support::{at, by_hand, config, ends, send, waits};

/// Posts `plan.txt`. The first attempt of the request with the file may have arrived; before the second one, the file
/// fails with this error.
fn post_twice(encloses_files: bool, kind: FileErrorKind) -> Error {
    let client = by_hand(config(TokenProtocol { without_login: true, encloses_files, ..TokenProtocol::default() }));
    let chat = client.chats().chat("c1");
    let mut post = chat.post(Draft::text("hello").attach(Upload::from_path("plan.txt")));
    let Step::File(ticket, FileTask::Len { path }) = post.poll(at(0)) else { panic!("it measures the file") };
    post.handle(at(0), ticket, Reply::File(Ok(FileOutcome::Len(5))));
    let (ticket, exchange) = send(&mut post, at(0));
    assert!(exchange.request.body().has_file());
    assert!(exchange.request.headers().contains_key("idempotency-key"), "it may be repeated");
    let lost = TransportError::new(TransportErrorKind::Disconnected, "lost").with_sent(true);
    post.handle(at(0), ticket, Reply::Error(lost));
    let wait = waits(&mut post, at(0));
    let later = at(u64::try_from(wait.as_millis()).expect("it is short") + 1);
    let (ticket, _) = send(&mut post, later);
    let missing = TransportError::new(TransportErrorKind::File, FileError::new(path, kind, ""));
    post.handle(later, ticket, Reply::Error(missing));
    ends(&mut post, later).expect_err("there is no such file")
}

#[test]
fn missing_file_does_not_hide_an_uncertain_attempt() {
    for kind in [FileErrorKind::NotFound, FileErrorKind::Changed] {
        let error = post_twice(true, kind);
        let Cause::File(cause) = error.cause() else { panic!("{error:?}") };
        assert_eq!((error.kind(), cause.kind, cause.path.as_str()), (ErrorKind::File, kind, "plan.txt"));
        assert!(error.outcome_unknown(), "the first attempt may have been posted: {error:?}");
    }
}

#[test]
fn post_after_a_failed_upload_was_not_sent() {
    let error = post_twice(false, FileErrorKind::NotFound);
    assert!(matches!(error.cause(), Cause::Attachment { .. }) && error.kind() == ErrorKind::File, "{error:?}");
    assert!(!error.outcome_unknown(), "only the upload was sent");
}
