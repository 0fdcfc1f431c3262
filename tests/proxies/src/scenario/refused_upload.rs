//! haproxy rejects uploads with 413, after their head or after `100 Continue`.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use teamwire_core::{Draft, model::Upload};
use teamwire_sandbox::Sandbox;
use teamwire_tests::harness::Harness;

use crate::{
    Failure,
    bot::{Bot, bytes},
    haproxy::{Haproxy, Settings},
    outcome::Outcome,
};

const SIZE: usize = 8 << 20;
/// Maximum time until the rejection is reported.
const MAX_REPORT_TIME: Duration = Duration::from_secs(5);
/// Maximum number of attempts: a connection reset may discard the first response.
const MAX_ATTEMPTS: usize = 2;

/// The moment at which the rejection is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    /// After the head of the request.
    AtOnce,
    /// After `100 Continue` and the first bytes of the body.
    AfterContinue,
}

impl When {
    const fn rules(self) -> &'static str {
        match self {
            Self::AtOnce => "http-request deny deny_status 413 if { path /v1/assets }",
            Self::AfterContinue => {
                "http-request wait-for-body time 2s at-least 1k if { path /v1/assets }\n    \
                 http-request deny deny_status 413 if { path /v1/assets }"
            }
        }
    }
}

pub(super) fn run<H: Harness>(folder: &Path, when: When) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    for in_memory in [true, false] {
        upload::<H>(folder, when, in_memory, &mut outcome)?;
    }
    Ok(outcome)
}

fn upload<H: Harness>(folder: &Path, when: When, in_memory: bool, outcome: &mut Outcome) -> Result<(), Failure> {
    let sandbox = Sandbox::start()?;
    let haproxy = Haproxy::start(folder, &sandbox, Settings { rules: when.rules(), ..Settings::default() })?;
    let bot = Bot::<H>::new(&sandbox, folder, &haproxy.url())?;
    let (source, upload) = if in_memory {
        ("from memory", Upload::from_bytes("big.bin", bytes(SIZE)))
    } else {
        ("from a file", bot.file_on_disk("big.bin", &bytes(SIZE))?)
    };
    let started = Instant::now();
    let result = bot.post(Draft::text("too large").attach(upload));
    let elapsed = started.elapsed();
    outcome.calls += 1;
    match result {
        Ok(_) => outcome.fail(format!("{source}: it has succeeded")),
        Err(error) => outcome.expect(error.status() == Some(413), || format!("{source}: {error}")),
    }
    let attempts = haproxy.stop(&["POST /v1/assets", " 413 "])?;
    outcome.note(format!("{source}: reported after {elapsed:.2?}, {attempts} attempts"));
    outcome.expect(elapsed <= MAX_REPORT_TIME, || format!("{source}: reported after {elapsed:.2?}"));
    outcome.expect((1..=MAX_ATTEMPTS).contains(&attempts), || format!("{source}: {attempts} attempts"));
    Ok(())
}
