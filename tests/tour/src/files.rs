//! The files of the story: an avatar, and a log that is sent and read back, with a bar on a terminal.

use std::{error::Error, fmt::Write, sync::Arc};

use indicatif::{ProgressBar, ProgressStyle};
use teamwire_core::{Attachment, Client, Download, Image, Message, Transferred, Upload};
use teamwire_tests::harness::Harness;

/// A small picture of a lamp that is on.
pub(crate) fn avatar() -> Image {
    Image::bytes(include_bytes!("avatar.jpg").as_slice())
}

/// What the database had to say.
pub(crate) fn log() -> Vec<u8> {
    let mut log = String::new();
    for minute in 0..60_000 {
        writeln!(log, "{:02}:{:02} the disk is full", minute / 60 % 24, minute % 60).expect("a string takes all");
    }
    log.into_bytes()
}

/// The upload, with a bar that follows it.
pub(crate) fn watched(upload: Upload, what: &'static str) -> Upload {
    upload.on_progress(bar(what))
}

/// Downloads the first file of the message, and compares it with what was sent.
pub(crate) fn read_back<H: Harness>(client: &Client<H::X>, message: &Message) -> Result<(), Box<dyn Error>> {
    let Some(Attachment::File(asset)) = message.attachments.first() else {
        return Err("the log is not attached".into());
    };
    let download = Download::of(asset).on_progress(bar("reading it back"));
    if H::wait(client.chats().download(download))? == log() { Ok(()) } else { Err("the log came back changed".into()) }
}

/// Shows how far a transfer is; nothing where nobody looks on.
fn bar(what: &'static str) -> impl Fn(Transferred) + Send + Sync + 'static {
    let style = ProgressStyle::with_template("{msg:20} {wide_bar} {bytes}/{total_bytes}");
    let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what);
    let bar = Arc::new(bar);
    move |transferred| {
        bar.set_length(transferred.total.unwrap_or(transferred.bytes));
        bar.set_position(transferred.bytes);
        if transferred.total == Some(transferred.bytes) {
            bar.finish_and_clear();
        }
    }
}
