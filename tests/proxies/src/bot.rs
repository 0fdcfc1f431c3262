//! A bot that posts, and sends and receives files.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    Client, Config, Credentials, Draft, Error,
    config::Timeouts,
    model::{Asset, Attachment, Upload},
};
use teamwire_sandbox::{Sandbox, org};
use teamwire_tests::harness::Harness;

use crate::{Failure, outcome::Outcome, tally::Tally};

/// Number of failed calls of a kind after which its remaining calls are skipped.
const MAX_FAILURES: usize = 3;
/// Maximum number of calls with the same id.
const MAX_CALLS: usize = 10;
/// Idle timeout of transfers. Proxies on loopback do not pause.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// A bot, and the sandbox that handles its requests.
pub(crate) struct Bot<'s, H: Harness> {
    pub(crate) client: Client<H::X>,
    pub(crate) sandbox: &'s Sandbox,
    folder: &'s Path,
}

impl<'s, H: Harness> Bot<'s, H> {
    /// Creates a bot with this base URL.
    pub(crate) fn new(sandbox: &'s Sandbox, folder: &'s Path, url: &str) -> Result<Self, Failure> {
        Self::with_options(sandbox, folder, url, Ok)
    }

    /// Creates a bot with further options.
    pub(crate) fn with_options(
        sandbox: &'s Sandbox,
        folder: &'s Path,
        url: &str,
        configure: impl FnOnce(Config) -> Result<Config, Error>,
    ) -> Result<Self, Failure> {
        let config = Config::new(url, Credentials::new(sandbox.app_id(), sandbox.secret())?)?;
        let config = config.with_timeouts(Timeouts { transfer_idle: IDLE_TIMEOUT, ..Timeouts::default() });
        Ok(Self { client: H::connect(configure(config)?), sandbox, folder })
    }

    /// Posts a draft to the lobby.
    pub(crate) fn post(&self, draft: impl Into<Draft>) -> Result<teamwire_core::Message, Error> {
        H::wait(self.client.chats().chat(org::LOBBY).post(draft))
    }

    /// Posts with an id, and repeats the call while it fails with a transient error. Returns true if the post succeeds.
    pub(crate) fn post_until_final(&self, outcome: &mut Outcome, text: &str) -> bool {
        for _ in 0..MAX_CALLS {
            match self.post(Draft::text(text).idempotency_key(text)) {
                Err(error) if error.is_transient() => outcome.calls += 1,
                result => return outcome.call(text, result).is_some(),
            }
        }
        outcome.fail(format!("{text}: {MAX_CALLS} calls failed"));
        false
    }

    /// Posts `count` texts, with a pause after each. After three failures the rest is skipped.
    pub(crate) fn post_all(&self, outcome: &mut Outcome, count: usize, pause: fn(usize) -> Duration) {
        let mut posted = Vec::new();
        for number in 0..count {
            let text = format!("{POST_PREFIX}{number}");
            if outcome.call(&text, self.post(&text)).is_some() {
                posted.push(text);
            } else if number + 1 - posted.len() == MAX_FAILURES {
                outcome.fail(format!("the remaining {} posts are skipped", count - number - 1));
                break;
            }
            thread::sleep(pause(number));
        }
        self.check_posts(outcome, &posted);
    }

    /// Compares the successful posts with those in the sandbox.
    pub(crate) fn check_posts(&self, outcome: &mut Outcome, posted: &[String]) {
        let texts = self.sandbox.texts(org::LOBBY).into_iter().flatten();
        let arrived: Vec<String> = texts.filter(|text| text.starts_with(POST_PREFIX)).collect();
        outcome.tally += Tally::compare(posted, &arrived);
    }

    /// Uploads and downloads small and large files, in memory and on disk. After a failure the other files of that size
    /// are skipped.
    pub(crate) fn transfer_files(&self, outcome: &mut Outcome) -> Result<(), Failure> {
        for (kind, count, size) in [("small", 5, 5), ("large", 4, 300_000)] {
            let started = Instant::now();
            for number in 0..count {
                let failures = outcome.failures.len();
                self.transfer_file(outcome, &format!("{kind}-{number}.bin"), bytes(size), number % 2 == 0)?;
                if outcome.failures.len() > failures {
                    break;
                }
            }
            outcome.note(format!("{count} {kind} files uploaded and downloaded: {:.2?}", started.elapsed()));
        }
        Ok(())
    }

    /// Uploads a file, and downloads it into memory and to disk.
    fn transfer_file(&self, outcome: &mut Outcome, name: &str, bytes: Vec<u8>, in_memory: bool) -> Result<(), Failure> {
        let upload = if in_memory { Upload::from_bytes(name, bytes.clone()) } else { self.file_on_disk(name, &bytes)? };
        let posted = self.post(Draft::text(format!("file {name}")).attach(upload));
        let Some(message) = outcome.call(&format!("upload of {name}"), posted) else { return Ok(()) };
        let [Attachment::File(asset)] = message.attachments.as_slice() else {
            outcome.fail(format!("upload of {name}: it was received as {:?}", message.attachments));
            return Ok(());
        };
        self.download(outcome, name, asset, &bytes)
    }

    fn download(&self, outcome: &mut Outcome, name: &str, asset: &Asset, bytes: &[u8]) -> Result<(), Failure> {
        let received = H::wait(self.client.chats().download(asset));
        if let Some(received) = outcome.call(&format!("download of {name}"), received) {
            outcome.expect(received == bytes, || format!("download of {name}: the bytes differ from those sent"));
        }
        let path = self.path(&format!("received-{name}"))?;
        let saved = H::wait(self.client.chats().download_to(asset, &*path));
        if outcome.call(&format!("download of {name} to disk"), saved).is_some() {
            let saved = fs::read(&path)?;
            outcome.expect(saved == bytes, || format!("download of {name} to disk: the bytes differ from those sent"));
        }
        Ok(())
    }

    /// Writes a file to the bot's folder, for an upload.
    pub(crate) fn file_on_disk(&self, name: &str, bytes: &[u8]) -> Result<Upload, Failure> {
        let path = self.path(name)?;
        fs::write(&path, bytes)?;
        Ok(Upload::from_path(path))
    }

    fn path(&self, name: &str) -> Result<String, Failure> {
        let path = self.folder.join(format!("{}-{name}", H::NAME));
        Ok(path.to_str().ok_or("the temporary folder's name is not Unicode")?.to_owned())
    }
}

/// The prefix of every text that a bot posts.
pub(crate) const POST_PREFIX: &str = "post-";

/// Returns `count` bytes with a long period.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|index| (index * 31 % 251).to_le_bytes()[0]).collect()
}
