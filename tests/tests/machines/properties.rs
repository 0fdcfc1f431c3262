//! Properties of every machine, for any input. The rules themselves are in [`drive`](super::drive).

use proptest::test_runner::TestRunner;
use teamwire_core::config::RetryPolicy;
use teamwire_tests::operations::Operation;

use super::{
    drive::{Seen, Sent, run},
    inputs::{Input, inputs, policies},
};

/// Checks it for every operation.
fn for_every_operation(cases: u32, check: impl Fn(Operation, RetryPolicy, &[Input])) {
    for operation in Operation::ALL {
        let result = TestRunner::new(teamwire_tests::cases(cases)).run(&(policies(), inputs()), |(policy, inputs)| {
            check(*operation, policy, &inputs);
            Ok(())
        });
        result.unwrap_or_else(|why| panic!("{operation:?}: {why}"));
    }
}

#[test]
fn whatever_comes_a_machine_keeps_the_rules_and_ends() {
    for_every_operation(40, |operation, policy, inputs| {
        run(operation, policy, inputs, true);
    });
}

#[test]
fn unawaited_replies_and_repeated_polls_change_nothing() {
    for_every_operation(24, |operation, policy, inputs| {
        let quiet = run(operation, policy, inputs, false);
        let noisy = run(operation, policy, inputs, true);
        assert_eq!(noisy, quiet);
    });
}

#[test]
fn only_changing_requests_have_a_key_and_they_have_one() {
    for_every_operation(12, |operation, policy, inputs| {
        let (seen, _) = run(operation, policy, inputs, true);
        let keys: Vec<_> =
            seen.iter().filter_map(sent).map(|sent| (&sent.line, sent.header("idempotency-key"))).collect();
        for (line, key) in &keys {
            assert_eq!(key.is_some(), !line.starts_with("GET"), "{line}");
            assert!(key.is_none() || *key == keys[0].1, "one operation, several keys");
        }
    });
}

fn sent(seen: &Seen) -> Option<&Sent> {
    match seen {
        Seen::Sent(_, sent) => Some(sent),
        _ => None,
    }
}

#[test]
fn snapshot_changes_only_when_its_operation_succeeds() {
    for_every_operation(12, |operation, policy, inputs| {
        let (_, untouched) = run(operation, RetryPolicy::NEVER, &[], false);
        let (seen, info) = run(operation, policy, inputs, true);
        let succeeded = matches!(seen.last(), Some(Seen::Done(outcome)) if outcome.starts_with("Ok"));
        assert!(succeeded || info == untouched, "{info:?} after {:?}", seen.last());
    });
}
