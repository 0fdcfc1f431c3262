//! Reports of claims to the observers of the clients whose feeds are followed.

use std::{collections::BTreeMap, sync::Arc};

use teamwire_core::{
    Error,
    claim::{Call, Claim, ClaimStatus, Claimed, Outcome, Replica, Saved, StoreError, StoreErrorKind},
    effect::{Moment, Now},
    observe::{ClaimState, Observation, Observer},
};

/// The feeds whose clients have an observer.
#[derive(Default)]
pub(super) struct Reporter {
    feeds: BTreeMap<String, Watched>,
    is_store_away: bool,
}

struct Watched {
    observer: Arc<dyn Observer>,
    /// The claim that was reported as held.
    held: Option<Claim>,
    is_followed: bool,
}

/// A change of a claim, to be reported while nothing is locked.
pub(super) struct Report {
    observer: Arc<dyn Observer>,
    feed: String,
    change: Change,
}

#[derive(Clone)]
enum Change {
    Held(Claim, u32),
    Released(Claim, bool),
    Lost(Claim),
    StoreUnavailable(u32, Error, Moment),
    StoreAvailable,
    Failed(Error),
}

impl Report {
    pub(super) fn send(&self, now: Now) {
        let state = match &self.change {
            Change::Held(claim, tries) => ClaimState::Held { claim: &claim.id, fence: claim.fence, tries: *tries },
            Change::Released(claim, unfinished) => {
                ClaimState::Released { claim: &claim.id, is_unfinished: *unfinished }
            }
            Change::Lost(claim) => ClaimState::Lost { claim: &claim.id },
            Change::StoreUnavailable(attempt, error, retry_at) => {
                ClaimState::StoreUnavailable { attempt: *attempt, error, retry_at: *retry_at }
            }
            Change::StoreAvailable => ClaimState::StoreAvailable,
            Change::Failed(error) => ClaimState::Failed { error },
        };
        self.observer.observe(now, &Observation::Claim { feed: &self.feed, state });
    }
}

impl Reporter {
    pub(super) fn follow(&mut self, feed: &str, observer: Option<Arc<dyn Observer>>) {
        match observer {
            Some(observer) => {
                let held = self.feeds.remove(feed).and_then(|watched| watched.held);
                self.feeds.insert(feed.to_owned(), Watched { observer, held, is_followed: true });
            }
            None => drop(self.feeds.remove(feed)),
        }
    }

    /// Stops watching a feed, once its claim is released.
    pub(super) fn unfollow(&mut self, feed: &str) {
        if let Some(watched) = self.feeds.get_mut(feed) {
            watched.is_followed = false;
        }
        self.remove_unused(feed);
    }

    /// Returns `true` if there is an observer.
    pub(super) fn is_watching(&self) -> bool {
        !self.feeds.is_empty()
    }

    /// Returns the changes by a call, after the replica has handled its outcome.
    pub(super) fn changes(&mut self, replica: &Replica, now: Now, call: &Call, outcome: &Outcome) -> Vec<Report> {
        let mut reports = Vec::new();
        match failure(outcome) {
            Some(error) if error.kind == StoreErrorKind::Unavailable => {
                self.is_store_away = true;
                if let Some((error, attempt, retry_at)) = replica.outage() {
                    reports.extend(self.of_all(Change::StoreUnavailable(attempt, error.clone().into(), retry_at)));
                }
            }
            Some(error) => reports.extend(self.of_all(Change::Failed(error.clone().into()))),
            None if std::mem::take(&mut self.is_store_away) => reports.extend(self.of_all(Change::StoreAvailable)),
            None => {}
        }
        match (call, outcome) {
            (Call::Claim(..), Outcome::Claim(Ok(claimed))) => {
                for claimed in claimed {
                    if let Claimed::Held { claim, tries, .. } = claimed {
                        reports.extend(self.granted(replica, now, claim, *tries));
                    }
                }
            }
            (Call::Save(saves), Outcome::Save(Ok(saved))) => {
                for (save, _) in saves.iter().zip(saved).filter(|(_, saved)| **saved == Saved::Lost) {
                    reports.extend(self.ended(&save.claim, Change::Lost));
                }
            }
            (Call::Release(releases), Outcome::Release(Ok(()))) => {
                for release in releases {
                    let change = |claim| Change::Released(claim, release.is_unfinished);
                    reports.extend(self.ended(&release.claim, change));
                }
            }
            _ => {}
        }
        reports
    }

    fn granted(&mut self, replica: &Replica, now: Now, claim: &Claim, tries: u32) -> Option<Report> {
        let change = match replica.status(&claim.feed, now) {
            ClaimStatus::Held { grant, .. } if grant.claim.id == claim.id => Change::Held(claim.clone(), tries),
            ClaimStatus::Failed(error) => Change::Failed(error.clone().into()),
            // It was unfollowed meanwhile.
            ClaimStatus::Held { .. } | ClaimStatus::Waiting => return None,
        };
        let watched = self.feeds.get_mut(&claim.feed)?;
        watched.held = matches!(change, Change::Held(..)).then(|| claim.clone());
        Some(Report { observer: Arc::clone(&watched.observer), feed: claim.feed.clone(), change })
    }

    /// Records the end of a claim. Returns `None` if it was not reported as held.
    fn ended(&mut self, claim: &Claim, change: impl FnOnce(Claim) -> Change) -> Option<Report> {
        let watched = self.feeds.get_mut(&claim.feed)?;
        let held = watched.held.take_if(|held| held.id == claim.id)?;
        let report = Report { observer: Arc::clone(&watched.observer), feed: claim.feed.clone(), change: change(held) };
        self.remove_unused(&claim.feed);
        Some(report)
    }

    fn of_all(&self, change: Change) -> impl Iterator<Item = Report> {
        self.feeds.iter().filter(|(_, watched)| watched.is_followed).map(move |(feed, watched)| Report {
            observer: Arc::clone(&watched.observer),
            feed: feed.clone(),
            change: change.clone(),
        })
    }

    fn remove_unused(&mut self, feed: &str) {
        if self.feeds.get(feed).is_some_and(|watched| !watched.is_followed && watched.held.is_none()) {
            self.feeds.remove(feed);
        }
    }
}

fn failure(outcome: &Outcome) -> Option<&StoreError> {
    match outcome {
        Outcome::Renew(result) => result.as_ref().err(),
        Outcome::Claim(result) => result.as_ref().err(),
        Outcome::Save(result) => result.as_ref().err(),
        Outcome::Release(result) | Outcome::Leave(result) => result.as_ref().err(),
    }
}
