use std::{thread, time::Duration};

use teamwire_core::StopHandle;

/// Stops this handle after a time, in a thread: the end of the grace of [`StopHandle::stop_within`].
pub fn stop_after(time: Duration, stop: &StopHandle) {
    let handle = stop.clone();
    let wait = move || {
        thread::sleep(time);
        handle.stop();
    };
    if thread::Builder::new().name("teamwire stop".into()).spawn(wait).is_err() {
        // Rather now than never.
        stop.stop();
    }
}
