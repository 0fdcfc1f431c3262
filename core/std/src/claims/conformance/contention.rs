//! Several connections at the same time.

use std::{sync::Mutex, thread};

use teamwire_core::claim::{Claimed, Saved};

use super::{
    replica::{self, Replica, Test},
    subject::Subject,
};

const THREADS: usize = 4;
const ROUNDS: u64 = 25;

pub(super) fn tests<S: Subject>() -> Vec<Test<S>> {
    vec![one_of_many_gets_each_claim, feed_that_is_passed_around_loses_no_save]
}

fn one_of_many_gets_each_claim<S: Subject>(subject: &S) {
    let granted = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..THREADS {
            let granted = &granted;
            scope.spawn(move || {
                let mut replica = Replica::join(subject, &format!("m-{number}"));
                for feed in 0..ROUNDS {
                    let feed = feed.to_string();
                    replica.renew();
                    if let Claimed::Held { claim, .. } = replica.claim(&feed, &format!("m-{number}.{feed}")) {
                        granted.lock().expect("no test has failed").push(claim.feed);
                    }
                }
            });
        }
    });
    let mut feeds = granted.into_inner().expect("no test has failed");
    feeds.sort();
    let mut expected: Vec<_> = (0..ROUNDS).map(|feed| feed.to_string()).collect();
    expected.sort();
    assert_eq!(feeds, expected, "each feed is granted once");
}

fn feed_that_is_passed_around_loses_no_save<S: Subject>(subject: &S) {
    thread::scope(|scope| {
        for number in 0..THREADS {
            scope.spawn(move || {
                let mut replica = Replica::join(subject, &format!("m-{number}"));
                let (mut done, mut attempt) = (0, 0);
                while done < ROUNDS {
                    attempt += 1;
                    replica.renew();
                    let Claimed::Held { claim, checkpoint, seq, .. } =
                        replica.claim("feed", &format!("m-{number}.{attempt}"))
                    else {
                        thread::yield_now();
                        continue;
                    };
                    let count = checkpoint.as_ref().map_or(0, replica::number);
                    assert_eq!(seq, count, "each save has counted one further");
                    assert_eq!(replica.save(&claim, seq + 1, count + 1), Saved::Yes);
                    replica.release(&claim, false);
                    done += 1;
                }
            });
        }
    });
    let mut replica = Replica::join(subject, "the last");
    let total = THREADS as u64 * ROUNDS;
    let granted = replica.granted("feed", "last.1");
    assert_eq!((granted.checkpoint, granted.seq), (Some(total), total));
    assert!(granted.claim.fence > total, "it grows with each claim");
}
