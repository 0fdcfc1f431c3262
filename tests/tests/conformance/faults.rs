//! Many concurrent requests with random faults of all kinds.

use std::{
    collections::BTreeMap,
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use teamwire_core::ErrorKind;
use teamwire_sandbox::{Fault, Rule, Sandbox, org};
use teamwire_tests::{config, executor_test, harness::Harness};

const AT_ONCE: usize = 64;

/// The number of calls, by the environment variable if it is set.
fn requests() -> usize {
    env::var("TEAMWIRE_REQUESTS").ok().and_then(|number| number.parse().ok()).unwrap_or(1_000)
}

#[executor_test]
fn every_call_ends_and_none_is_done_twice<H: Harness>() {
    // The number of requests matters here, so exchanges are not checked against the contract.
    let sandbox = Sandbox::start().expect("loopback has a free port");
    sandbox.faults().close_abruptly_every_nth(10);
    now_and_then(&sandbox, 13, Fault::CutBody { after_bytes: 40 });
    now_and_then(&sandbox, 17, Fault::CutAfter);
    now_and_then(&sandbox, 19, Fault::Delay(Duration::from_millis(3)));
    now_and_then(&sandbox, 23, Fault::CutBefore);
    let client = H::connect(config(&sandbox));

    let each = requests().div_ceil(AT_ONCE);
    let posted: Vec<(String, bool)> = thread::scope(|scope| {
        let post = |thread: usize| {
            let lobby = client.chats().chat(org::LOBBY);
            (0..each).map(move |post| {
                let text = format!("{thread}/{post}");
                let result = H::wait(lobby.post(text.clone()));
                if let Err(error) = &result {
                    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
                }
                (text, result.is_ok())
            })
        };
        let threads: Vec<_> = (0..AT_ONCE).map(|at| scope.spawn(move || post(at).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("it ends")).collect()
    });

    let mut shown = BTreeMap::<_, usize>::new();
    for text in sandbox.texts(org::LOBBY).into_iter().flatten() {
        *shown.entry(text).or_default() += 1;
    }
    for (text, is_ok) in &posted {
        let times = shown.get(text).copied().unwrap_or(0);
        assert!(times == 1 || (times == 0 && !is_ok), "{text} is shown {times} times");
    }
    let failed = posted.iter().filter(|(_, is_ok)| !is_ok).count();
    assert!(failed * 100 <= posted.len(), "{failed} of {} failed, although each was retried", posted.len());

    drop(client);
    let closed = sandbox.wait_until(Duration::from_secs(10), |sandbox| sandbox.connections().open == 0);
    assert!(closed, "{:?} are left", sandbox.connections());
}

/// Injects this fault into every nth request.
fn now_and_then(sandbox: &Sandbox, nth: u64, fault: Fault) {
    let count = AtomicU64::new(1);
    sandbox
        .faults()
        .add(Rule::new(fault).when(move |_| count.fetch_add(1, Ordering::Relaxed).is_multiple_of(nth)).always());
}
