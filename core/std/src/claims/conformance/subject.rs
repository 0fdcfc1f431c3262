use std::{thread, time::Duration};

use crate::claims::ClaimStore;

/// A store under test. It is empty when it is created.
pub trait Subject: Sync {
    /// The type of the store.
    type Store: ClaimStore;

    /// A lease that expires during a test. It has to be much longer than a few calls take.
    const LEASE: Duration = Duration::from_secs(1);

    /// Returns a new connection to the store.
    fn connect(&self) -> Self::Store;

    /// Removes everything from the store, as a loss of its data does.
    fn wipe(&self);

    /// Lets this time pass on the clock of the store. By default, the thread sleeps.
    fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    /// Sets the clock of the store back. Returns `false`, the default, if that is not possible: the test is left out.
    fn set_clock_back(&self, time: Duration) -> bool {
        let _ = time;
        false
    }
}
