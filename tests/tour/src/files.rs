//! The files of the story: an avatar, and a log that is uploaded and downloaded with its progress on the terminal.

use std::{
    error::Error,
    fmt::Write as _,
    io::{self, IsTerminal, Write as _},
};

use teamwire_core::{
    Client, Message,
    effect::TransferProgress,
    model::{Attachment, Download, Image, Upload},
};

use crate::adapter::Adapter;

/// A small picture of a lamp.
pub(crate) fn avatar() -> Image {
    Image::from_bytes(include_bytes!("avatar.jpg").as_slice())
}

/// The log of the database, about 1.4 MB.
pub(crate) fn log() -> Vec<u8> {
    let mut log = String::new();
    for minute in 0..60_000 {
        writeln!(log, "{:02}:{:02} the disk is full", minute / 60 % 24, minute % 60)
            .expect("writing to a string cannot fail");
    }
    log.into_bytes()
}

/// The log as an upload that shows its progress.
pub(crate) fn log_upload() -> Upload {
    Upload::from_bytes("database.log", log()).on_progress(progress("uploading database.log"))
}

/// Downloads the first file of the message and compares it with the log.
pub(crate) fn download_log<A: Adapter>(client: &Client<A::Executor>, message: &Message) -> Result<(), Box<dyn Error>> {
    let Some(Attachment::File(asset)) = message.attachments.first() else {
        return Err("the message has no file".into());
    };
    let download = Download::new(asset).on_progress(progress("downloading database.log"));
    if A::wait(client.chats().download(download))? == log() {
        Ok(())
    } else {
        Err("the downloaded log differs from the uploaded one".into())
    }
}

/// Shows the progress of a transfer on a separate line, which is cleared at the end. Without a terminal, it shows
/// nothing.
fn progress(title: &'static str) -> impl Fn(TransferProgress) + Send + Sync + 'static {
    let is_shown = io::stderr().is_terminal();
    move |TransferProgress { bytes, total, .. }| {
        let Some(total) = total.filter(|_| is_shown) else { return };
        let percent = bytes.saturating_mul(100) / total.max(1);
        let line = if bytes < total { format!("{title}: {percent} %") } else { String::new() };
        // A progress line that cannot be written is ignored.
        let _ = write!(io::stderr(), "\r\u{1b}[K{line}");
    }
}
