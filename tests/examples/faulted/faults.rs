//! Faults for about every sixth request.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use teamwire_sandbox::{Fault, Rule, Sandbox};

/// Returns each fault with its rate per ten thousand requests.
fn fault_rates() -> Vec<(Fault, u64)> {
    vec![
        (Fault::CutBefore, 300),
        (Fault::CutAfter, 300),
        (Fault::CutRequest { after_bytes: 3 }, 200),
        (Fault::CutBody { after_bytes: 10 }, 200),
        (Fault::CutBody { after_bytes: 0 }, 100),
        (Fault::status(503), 200),
        (Fault::status(500), 50),
        (Fault::raw("HTTP/1.1 200 OK\r\ncontent-le"), 100),
        (Fault::raw("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"), 50),
        (Fault::raw("not HTTP at all\r\n\r\n"), 20),
        (Fault::response(502, "text/html", "<html>"), 100),
        (Fault::NoResponse, 10),
        (Fault::NoResponseAfter, 10),
    ]
}

/// Installs the faults, and resets the connection after every 50th response. Returns the counter of faults.
pub(crate) fn install(sandbox: &Sandbox) -> Arc<AtomicU64> {
    let count = Arc::<AtomicU64>::default();
    let sequence = Arc::<AtomicU64>::default();
    let mut start = 0;
    for (number, (fault, rate)) in fault_rates().into_iter().enumerate() {
        let (count, sequence, range) = (count.clone(), sequence.clone(), start..start + rate);
        start += rate;
        // The first rule advances the sequence for all of them, because a rule only sees requests that no earlier rule
        // matches.
        let rule = Rule::new(fault).when(move |_| {
            let drawn = if number == 0 {
                sequence.fetch_add(1, Ordering::Relaxed) + 1
            } else {
                sequence.load(Ordering::Relaxed)
            };
            let applies = range.contains(&(hash(drawn) % 10_000));
            count.fetch_add(u64::from(applies), Ordering::Relaxed);
            applies
        });
        sandbox.faults().add(rule.always());
    }
    sandbox.faults().close_abruptly_every_nth(50);
    count
}

/// Hashes consecutive numbers to a uniform distribution (the finalizer of `SplitMix64`).
fn hash(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
