//! The tests of the page in a browser, which need more than Rust. Without them, the output says that they were ignored.

use std::process::Command;

#[test]
#[ignore = "needs Chromium and Node.js; .ci/browser installs them and runs the tests of tests/browser"]
fn page_works_in_a_browser() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/browser");
    let status = Command::new(script).status().expect("the script can be run");
    assert!(status.success(), "{status}");
}
