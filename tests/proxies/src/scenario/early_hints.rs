//! haproxy sends `103 Early Hints` before every response.

use std::{path::Path, time::Duration};

use teamwire_sandbox::Sandbox;
use teamwire_tests::harness::Harness;

use crate::{
    Failure,
    bot::Bot,
    haproxy::{Haproxy, Settings},
    outcome::Outcome,
    workload::Workload,
};

pub(super) fn run<H: Harness>(folder: &Path) -> Result<Outcome, Failure> {
    let sandbox = Sandbox::start()?;
    let rules = r#"http-request early-hint Link "</style.css>; rel=preload; as=style""#;
    let haproxy = Haproxy::start(folder, &sandbox, Settings { rules, ..Settings::default() })?;
    let bot = Bot::<H>::new(&sandbox, folder, &haproxy.url())?;
    let mut outcome = Outcome::default();
    Workload { count: 50, pause: |_| Duration::from_millis(20), has_files: true }.run(&bot, &mut outcome)?;
    Ok(outcome)
}
