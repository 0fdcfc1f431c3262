//! Every refusal that the contract lists for an operation, provoked in the sandbox by its cause, and what the client
//! makes of it.

mod alterations;
mod callers;
mod causes;

use std::collections::BTreeSet;

use teamwire_core::{Error, FeedEvent, config::RetryPolicy};
use teamwire_tests::{Fixture, Refusal, contract::Contract, executor_test, harness::Harness};

use self::callers::{Caller, Outcome};

/// The operations with the refusals of the contract. The statuses from 500 on have no cause in a sandbox but faults:
/// see the table of all operations.
fn documented() -> BTreeSet<Refusal> {
    let contract = Contract::load();
    let refusals = |operation: &str| {
        let refusals = contract.refusals(operation).into_iter();
        refusals.map(|(status, code)| (operation.to_owned(), status, code.to_owned())).collect::<Vec<_>>()
    };
    contract.operations().flat_map(|operation| refusals(operation.as_str())).collect()
}

#[executor_test]
fn every_refusal_of_the_contract_has_its_cause<H: Harness>() {
    let documented = documented();
    let mut provoked = BTreeSet::new();
    for refusal in &documented {
        let callers = Caller::all_of(&Contract::load().route(&refusal.0));
        for caller in callers.into_iter().filter(|caller| caller.can_get(&refusal.2)) {
            let fixture = if alterations::is_needed(refusal, caller) {
                Fixture::<H>::behind_proxy(|config| config.with_retry(RetryPolicy::NEVER))
            } else {
                Fixture::<H>::configured(|config| config.with_retry(RetryPolicy::NEVER))
            };
            let outcome = caller.call(&fixture, refusal);
            assert!(fixture.refusals().contains(refusal), "{caller:?} gets no {refusal:?}, but {outcome:?}");
            assert_shown(&outcome, caller, refusal);
            provoked.insert(refusal.clone());
        }
    }
    let missing: Vec<_> = documented.difference(&provoked).collect();
    assert!(missing.is_empty(), "no operation of the client gets {missing:?}");
}

/// Asserts that the outcome shows the refusal.
#[track_caller]
fn assert_shown(outcome: &Outcome, caller: Caller, refusal: &Refusal) {
    let code = refusal.2.as_str();
    let shown = format!("{caller:?}, {refusal:?}: {outcome:?}");
    match outcome {
        Outcome::Completed(Err(error)) | Outcome::Event(Some(Err(error))) => assert_error(error, refusal, &shown),
        Outcome::Event(Some(Ok(FeedEvent::Retrying(retrying)))) => assert_error(&retrying.error, refusal, &shown),
        Outcome::Completed(Ok(output)) => assert!(code == "not_found" && output == "None", "{shown}"),
        // The feed has subscribed again.
        Outcome::Event(Some(Ok(FeedEvent::Update { .. }))) => {
            assert!(matches!(code, "lease_expired" | "not_found"), "{shown}");
        }
        Outcome::Event(Some(Ok(FeedEvent::Gap(_)))) => assert_eq!(code, "cursor_expired", "{shown}"),
        Outcome::Event(None) => assert_eq!(code, "unsubscribed", "{shown}"),
        // A subscription that cannot be ended expires.
        Outcome::Stopped => {}
        Outcome::Event(Some(Ok(_))) => panic!("{shown}"),
    }
}

#[track_caller]
fn assert_error(error: &Error, (_, status, code): &Refusal, shown: &str) {
    assert_eq!((error.status(), error.code()), (Some(*status), Some(code.as_str())), "{shown}");
    let kind = match code.as_str() {
        "payload_too_large" | "unsupported_media_type" | "range_not_satisfiable" => "invalid_request",
        "in_progress" | "cursor_expired" => "server",
        code => code,
    };
    assert_eq!(error.kind().as_str(), kind, "{shown}");
    assert!(error.request_id().is_some(), "{shown}");
}
