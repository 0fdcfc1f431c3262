//! The scenarios, each with its own proxies and sandbox.

mod cut_polls;
mod early_hints;
mod outages;
mod passwords;
mod refused_upload;
mod reuse;

use std::path::Path;

use teamwire_tests::harness::Harness;

use self::{outages::Outage, passwords::Scheme, refused_upload::When};
use crate::{Failure, forward_proxy::Brand, outcome::Outcome};

/// One scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scenario {
    EarlyHints,
    RefusedUpload(When),
    /// Connection reuse with this mode of `http-reuse`.
    Reuse(&'static str),
    CutPolls,
    Outages(Outage),
    Right(Brand, Scheme),
    Wrong(Brand, Scheme),
}

impl Scenario {
    pub(crate) const ALL: [Self; 17] = [
        Self::EarlyHints,
        Self::RefusedUpload(When::AtOnce),
        Self::RefusedUpload(When::AfterContinue),
        Self::Reuse("safe"),
        Self::Reuse("aggressive"),
        Self::Reuse("always"),
        Self::CutPolls,
        Self::Outages(Outage::Reload),
        Self::Outages(Outage::Kill),
        Self::Right(Brand::Squid, Scheme::Http),
        Self::Right(Brand::Squid, Scheme::Https),
        Self::Wrong(Brand::Squid, Scheme::Http),
        Self::Wrong(Brand::Squid, Scheme::Https),
        Self::Right(Brand::Tinyproxy, Scheme::Http),
        Self::Right(Brand::Tinyproxy, Scheme::Https),
        Self::Wrong(Brand::Tinyproxy, Scheme::Http),
        Self::Wrong(Brand::Tinyproxy, Scheme::Https),
    ];

    pub(crate) fn name(self) -> String {
        let scheme = |scheme| match scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        match self {
            Self::EarlyHints => "haproxy: early hints".to_owned(),
            Self::RefusedUpload(When::AtOnce) => "haproxy: upload refused with 413".to_owned(),
            Self::RefusedUpload(When::AfterContinue) => "haproxy: upload refused with 413 after 100".to_owned(),
            Self::Reuse(mode) => format!("haproxy: http-reuse {mode}, short keep-alive"),
            Self::CutPolls => "haproxy: polls cut after 2 s".to_owned(),
            Self::Outages(Outage::Reload) => "haproxy: reloads".to_owned(),
            Self::Outages(Outage::Kill) => "haproxy: kills".to_owned(),
            Self::Right(brand, to) => format!("{}: right password, {}", brand.name(), scheme(to)),
            Self::Wrong(brand, to) => format!("{}: wrong password, {}", brand.name(), scheme(to)),
        }
    }

    /// Runs it with this adapter, with its files in this folder.
    pub(crate) fn run<H: Harness>(self, folder: &Path) -> Result<Outcome, Failure> {
        match self {
            Self::EarlyHints => early_hints::run::<H>(folder),
            Self::RefusedUpload(when) => refused_upload::run::<H>(folder, when),
            Self::Reuse(mode) => reuse::run::<H>(folder, mode),
            Self::CutPolls => cut_polls::run::<H>(folder),
            Self::Outages(outage) => outages::run::<H>(folder, outage),
            Self::Right(brand, scheme) => passwords::right::<H>(folder, brand, scheme),
            Self::Wrong(brand, scheme) => passwords::wrong::<H>(folder, brand, scheme),
        }
    }
}
