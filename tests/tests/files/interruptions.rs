//! Connections that are cut often and at any byte: a transfer is complete, or an error.

use std::{collections::BTreeSet, fs};

use teamwire_core::{Draft, ErrorKind, model::Upload};
use teamwire_sandbox::{Fault, Rule, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use crate::support::{ANY_ASSET, ANY_POST, Folder, Rng, bytes, file, shown};

const RUNS: u64 = 200;
const LENGTH: u64 = 256 << 10;

fn content() -> Vec<u8> {
    bytes(usize::try_from(LENGTH).expect("it fits into memory"))
}

/// A rule that cuts a random number of connections anywhere: from one up to more than there are attempts.
fn cut(rng: &mut Rng, method: &str, path: &str, response_size: u64) -> Rule {
    let fault = match rng.below(4) {
        0 => Fault::CutBefore,
        1 => Fault::CutAfter,
        2 if method == "POST" => Fault::CutRequest { after_bytes: rng.below(LENGTH) },
        _ => Fault::CutBody { after_bytes: rng.below(response_size) },
    };
    let times = u32::try_from(1 + rng.below(6)).expect("it is small");
    Rule::new(fault).on(method, path).times(times)
}

#[executor_test]
fn no_cut_makes_half_a_message<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let content = content();
    let path = folder.file("plan.pdf", &content);
    let chats = fixture.client.chats();
    let lobby = chats.chat(org::LOBBY);
    let mut rng = Rng::new(1);
    let mut outcomes = BTreeSet::new();
    for run in 0..RUNS {
        let route = if rng.below(4) == 0 { ANY_POST } else { "/v1/assets" };
        let rule = cut(&mut rng, "POST", route, 150);
        let described = format!("run {run}: {rule:?}");
        fixture.sandbox.faults().add(rule);
        let before = fixture.sandbox.message_count();
        let posted = fixture.wait(lobby.post(Draft::new().attach(Upload::from_path(path.as_str()))));
        fixture.sandbox.faults().clear();
        let more = fixture.sandbox.message_count() - before;
        match &posted {
            Ok(message) => {
                assert_eq!(more, 1, "{described}");
                assert!(fixture.ok(chats.download(&file(message))) == content, "{described}: the file is another");
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Connection, "{described}: {error}");
                assert!(more == 0 || (more == 1 && error.outcome_unknown()), "{described}: {more} more, {error}");
            }
        }
        outcomes.insert((posted.is_ok(), more));
    }
    assert_eq!(outcomes, [(false, 0), (false, 1), (true, 1)].into(), "not everything was tried");
    for message in fixture.ok(lobby.messages(None)).messages {
        assert_eq!(file(&message).size, LENGTH, "a message has no file");
    }
}

#[executor_test]
fn no_cut_makes_half_a_file<H: Harness>() {
    let (fixture, folder) = (Fixture::<H>::new(), Folder::new());
    let content = content();
    let asset = shown(&fixture, &content);
    let mut rng = Rng::new(2);
    let mut outcomes = BTreeSet::new();
    for run in 0..RUNS {
        let rule = cut(&mut rng, "GET", ANY_ASSET, LENGTH);
        let described = format!("run {run}: {rule:?}");
        fixture.sandbox.faults().add(rule);
        let path = folder.path("plan.pdf");
        let there_was_one = rng.below(2) == 0;
        let mut before = Vec::new();
        if there_was_one {
            folder.file("plan.pdf", "the old one");
            before.push(("plan.pdf".to_owned(), b"the old one".to_vec()));
        }
        let saved = fixture.wait(fixture.client.chats().download_to(&asset, path.as_str()));
        fixture.sandbox.faults().clear();
        match &saved {
            Ok(()) => {
                assert!(folder.content() == [("plan.pdf".to_owned(), content.clone())], "{described}: not the file");
                fs::remove_file(path).expect("it is there");
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Connection, "{described}: {error}");
                assert!(folder.content() == before, "{described}: something is left");
                let _ = fs::remove_file(path);
            }
        }
        outcomes.insert(saved.is_ok());
    }
    assert_eq!(outcomes.len(), 2, "not everything was tried");
}
