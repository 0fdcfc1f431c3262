//! How far a transfer is.

use std::sync::{Arc, Mutex, PoisonError};

use teamwire_core::{Download, Draft, Transferred, Upload};
use teamwire_sandbox::{Fault, Rule, org};
use teamwire_tests::{Ground, harness::Harness};

use crate::support::{ANY_ASSET, Folder, bytes, shown};

const LENGTH: usize = 1 << 20;

/// What an observer was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Transferred>>>);

impl Told {
    fn observer(&self) -> impl Fn(Transferred) + Send + Sync + 'static {
        let told = Arc::clone(&self.0);
        move |transferred| told.lock().unwrap_or_else(PoisonError::into_inner).push(transferred)
    }

    /// It was told often, and of ever more, to the last byte.
    #[track_caller]
    fn ends_at_the_end(&self) {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = Some(LENGTH as u64);
        assert!(told.len() > 1, "{told:?}");
        assert!(told.iter().all(|it| it.total == all), "{told:?}");
        assert!(told.windows(2).all(|pair| pair[0].bytes < pair[1].bytes), "{told:?}");
        assert_eq!(told.last().map(|it| it.bytes), all);
    }
}

pub(crate) fn an_upload_is_followed_to_its_end<H: Harness>() {
    let (ground, folder) = (Ground::<H>::new(), Folder::new());
    let content = bytes(LENGTH);
    for upload in [Upload::path(folder.file("plan.pdf", &content)), Upload::bytes("plan.pdf", content)] {
        let told = Told::default();
        let draft = Draft::new().attach(upload.on_progress(told.observer()));
        ground.ok(ground.client.chats().chat(org::LOBBY).post(draft));
        told.ends_at_the_end();
    }
}

pub(crate) fn a_download_is_followed_to_its_end<H: Harness>() {
    let (ground, folder) = (Ground::<H>::new(), Folder::new());
    let asset = shown(&ground, &bytes(LENGTH));
    let told = Told::default();
    ground.ok(ground.client.chats().download(Download::of(&asset).on_progress(told.observer())));
    told.ends_at_the_end();
    let told = Told::default();
    let download = Download::of(&asset).on_progress(told.observer());
    ground.ok(ground.client.chats().download_to(download, folder.path("plan.pdf")));
    told.ends_at_the_end();
}

pub(crate) fn a_download_that_goes_on_is_followed_from_where_it_was<H: Harness>() {
    let (ground, folder) = (Ground::<H>::new(), Folder::new());
    let asset = shown(&ground, &bytes(LENGTH));
    let told = Told::default();
    let download = Download::of(&asset).on_progress(told.observer());
    for fault in [Fault::status(500), Fault::CutBody { after_bytes: 300_000 }, Fault::CutBody { after_bytes: 300_000 }]
    {
        ground.sandbox.faults().add(Rule::new(fault).on("GET", ANY_ASSET));
    }
    ground.ok(ground.client.chats().download_to(download, folder.path("plan.pdf")));
    told.ends_at_the_end();
}
