//! Progress of transfers.

use std::sync::{Arc, Mutex, PoisonError};

use teamwire_core::{
    Draft,
    effect::TransferProgress,
    model::{Download, Upload},
};
use teamwire_sandbox::{Fault, Rule, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use crate::support::{ANY_ASSET, Folder, bytes, shown};

const LENGTH: usize = 1 << 20;

/// The reports to an observer.
#[derive(Clone, Default)]
struct ProgressLog(Arc<Mutex<Vec<TransferProgress>>>);

impl ProgressLog {
    fn observer(&self) -> impl Fn(TransferProgress) + Send + Sync + 'static {
        let log = Arc::clone(&self.0);
        move |transferred| log.lock().unwrap_or_else(PoisonError::into_inner).push(transferred)
    }

    /// Asserts that there are several reports, which increase and end with the last byte.
    #[track_caller]
    fn ends_at_the_end(&self) {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = Some(LENGTH as u64);
        assert!(log.len() > 1, "{log:?}");
        assert!(log.iter().all(|it| it.total == all), "{log:?}");
        assert!(log.windows(2).all(|pair| pair[0].bytes < pair[1].bytes), "{log:?}");
        assert_eq!(log.last().map(|it| it.bytes), all);
    }
}

#[executor_test(adapters)]
fn upload_is_followed_to_its_end<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let content = bytes(LENGTH);
    for upload in [Upload::from_path(folder.file("plan.pdf", &content)), Upload::from_bytes("plan.pdf", content)] {
        let log = ProgressLog::default();
        let draft = Draft::new().attach(upload.on_progress(log.observer()));
        fixture.ok(fixture.client.chats().chat(org::LOBBY).post(draft));
        log.ends_at_the_end();
    }
}

#[executor_test(adapters)]
fn download_is_followed_to_its_end<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let asset = shown(&fixture, &bytes(LENGTH));
    let log = ProgressLog::default();
    fixture.ok(fixture.client.chats().download(Download::new(&asset).on_progress(log.observer())));
    log.ends_at_the_end();
    let log = ProgressLog::default();
    let download = Download::new(&asset).on_progress(log.observer());
    fixture.ok(fixture.client.chats().download_to(download, folder.path("plan.pdf")));
    log.ends_at_the_end();
}

#[executor_test(adapters)]
fn progress_of_a_resumed_download_continues<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let asset = shown(&fixture, &bytes(LENGTH));
    let log = ProgressLog::default();
    let download = Download::new(&asset).on_progress(log.observer());
    for fault in [Fault::status(500), Fault::CutBody { after_bytes: 300_000 }, Fault::CutBody { after_bytes: 300_000 }]
    {
        fixture.sandbox.faults().add(Rule::new(fault).on("GET", ANY_ASSET));
    }
    fixture.ok(fixture.client.chats().download_to(download, folder.path("plan.pdf")));
    log.ends_at_the_end();
}
