//! A list that is read item by item has the items of the list that is collected.

use proptest::prelude::*;
use serde_json::Value;
use teamwire_core::{
    Client, ErrorKind, Script,
    executor::Executor,
    script::{
        Expect, Respond,
        v1::{expect, sample},
    },
};
use teamwire_tests::{
    cases,
    harness::{AsyncStd, Blocking, Harness},
};

use crate::support::{Scripted, page};

/// A page: its messages, and the number of times that its request fails at first.
#[derive(Clone, Debug)]
struct Chunk {
    messages: Vec<Item>,
    failures: u32,
}

#[derive(Clone, Copy, Debug)]
enum Item {
    New,
    Deleted,
    Undecoded,
    /// The message that was returned this number of messages before.
    Again(usize),
}

fn chunks() -> impl Strategy<Value = Vec<Chunk>> {
    let item = prop_oneof![
        8 => Just(Item::New),
        1 => Just(Item::Deleted),
        1 => Just(Item::Undecoded),
        3 => (0..200_usize).prop_map(Item::Again),
    ];
    let failures = prop_oneof![8 => 0..4_u32, 1 => Just(4)];
    let chunk = (proptest::collection::vec(item, 0..101), failures)
        .prop_map(|(messages, failures)| Chunk { messages, failures });
    proptest::collection::vec(chunk, 1..7)
}

fn script(chunks: &[Chunk]) -> Script {
    let (mut mids, mut script) = (Vec::<String>::new(), Script::new());
    for (at, chunk) in chunks.iter().enumerate() {
        let items: Vec<Value> = chunk.messages.iter().map(|item| message(*item, &mut mids)).collect();
        let next = (at + 1 < chunks.len()).then(|| (at + 1).to_string());
        let request = Expect::from(expect::messages("c1"));
        let request = if at == 0 { request } else { request.query("cursor", at.to_string()) };
        let responses = [Respond::unreachable().times(chunk.failures), page(sample::messages(items), next.as_deref())];
        script = script.on(request.clone(), responses);
    }
    script
}

fn message(item: Item, mids: &mut Vec<String>) -> Value {
    let again = match item {
        Item::Again(before) => mids.iter().rev().nth(before).cloned(),
        _ => None,
    };
    let mid = again.unwrap_or_else(|| {
        mids.push(format!("m{}", mids.len()));
        mids[mids.len() - 1].clone()
    });
    let mut message = sample::message(&mid, "c1", &mid);
    match item {
        Item::Deleted => message["deleted"] = true.into(),
        Item::Undecoded => message["mid"] = 7.into(),
        Item::New | Item::Again(_) => {}
    }
    message
}

/// The ids of the messages, the number of those that cannot be decoded if the list is complete, or else its error.
type Outcome = (Vec<String>, Result<usize, ErrorKind>);

fn collected(script: &Script) -> Outcome {
    match Client::new(script.clone()).chats().chat("c1").messages(None) {
        Ok(list) => {
            let mids = list.messages.iter().map(|message| message.mid.to_string()).collect();
            (mids, Ok(list.undecoded.len()))
        }
        Err(error) => (Vec::new(), Err(error.kind())),
    }
}

fn streamed<H: Scripted>(script: &Script) -> Outcome
where
    H::X: Executor,
{
    let mut list = H::scripted(script).chats().chat("c1").messages_iter(None);
    let mut mids = Vec::new();
    while let Some(message) = H::next(&mut list) {
        match message {
            Ok(message) => mids.push(message.mid.to_string()),
            Err(error) => return (mids, Err(error.kind())),
        }
    }
    (mids, Ok(H::end(&list).expect("it is complete").undecoded_count))
}

fn check<H: Harness + Scripted>(chunks: &[Chunk]) -> Result<(), TestCaseError> {
    let (all, list) = (collected(&script(chunks)), streamed::<H>(&script(chunks)));
    prop_assert_eq!(&list.1, &all.1);
    if list.1.is_ok() {
        prop_assert_eq!(list, all);
    } else {
        // The items before the failure are those of the pages before it.
        let failed = chunks.iter().position(|chunk| chunk.failures > 3).expect("a page fails");
        let mut before = chunks[..failed].to_vec();
        before.push(Chunk { messages: Vec::new(), failures: 0 });
        prop_assert_eq!(list.0, collected(&script(&before)).0);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn items_are_those_of_the_collected_list(chunks in chunks()) {
        check::<Blocking>(&chunks)?;
        check::<AsyncStd>(&chunks)?;
    }
}

#[test]
fn message_is_left_out_only_while_it_is_remembered() {
    let messages = |mids: &[String]| sample::messages(mids.iter().map(|mid| sample::message(mid, "c1", mid)));
    let mids: Vec<String> = (0..400).map(|number| format!("m{number}")).collect();
    let again = [mids[10].clone(), mids[399].clone()];
    let script = Script::new()
        .then(expect::messages("c1"), page(messages(&mids), Some("a")))
        .then(Expect::from(expect::messages("c1")).query("cursor", "a"), page(messages(&again), None));
    let (read, outcome) = streamed::<Blocking>(&script);
    assert_eq!(outcome, Ok(0));
    assert_eq!(read[..400], mids);
    assert_eq!(read[400..], ["m10"], "it is more than 256 messages ago");
}
