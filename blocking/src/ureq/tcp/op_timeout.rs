use std::{
    io::{self, ErrorKind},
    time::{Duration, Instant},
};

/// Read timeout that is set in the operating system; none by default.
#[derive(Debug, Default)]
pub(super) struct OpTimeout {
    os_limit: Option<Duration>,
}

/// Timeout below which nothing is subtracted.
const MIN_SOCKET_TIMEOUT: Duration = Duration::from_millis(50);

impl OpTimeout {
    /// Repeats this until the deadline. `set` sets the timeout in the operating system.
    pub(super) fn wait(
        &mut self,
        deadline: Option<Instant>,
        set: impl Fn(Option<Duration>) -> io::Result<()>,
        mut act: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(ErrorKind::TimedOut.into());
            }
            if !self.is_close_enough(left) {
                self.set(left, &set)?;
            }
            match act() {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) if cfg!(windows) && error.kind() == ErrorKind::TimedOut && left.is_some() => {}
                result => return result,
            }
        }
    }

    /// Returns whether the timeout is not too long, and not so short that it would soon have to be set again.
    fn is_close_enough(&self, left: Option<Duration>) -> bool {
        match (self.os_limit, left) {
            (Some(set), Some(left)) => set <= left && set >= left / 2 && !cfg!(windows),
            (set, left) => set == left,
        }
    }

    fn set(&mut self, left: Option<Duration>, set: impl Fn(Option<Duration>) -> io::Result<()>) -> io::Result<()> {
        let time = left.map(|left| match left {
            left if left < MIN_SOCKET_TIMEOUT => left.max(Duration::from_millis(1)),
            left if cfg!(windows) => left,
            left => left / 8 * 7,
        });
        match set(time) {
            Ok(()) => self.os_limit = time,
            // The other side may have closed the connection, and its last bytes can still be read.
            Err(error) if cfg!(target_os = "macos") && error.kind() == ErrorKind::InvalidInput => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[cfg(all(test, not(windows)))]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn timeout_is_seldom_set_in_the_operating_system() {
        let (mut timeout, set_count) = (OpTimeout::default(), Cell::new(0));
        for (seconds, times) in [(30, 1), (29, 1), (30, 1), (27, 1), (10, 2), (30, 3), (3, 4), (0, 5)] {
            let time = Some(Duration::from_secs(seconds)).filter(|time| !time.is_zero());
            let set = |short: Option<Duration>| {
                assert!(short <= time, "{short:?} for {time:?}");
                set_count.set(set_count.get() + 1);
                Ok(())
            };
            timeout.wait(time.map(|time| Instant::now() + time), set, || Ok(7)).expect("there is time");
            assert_eq!(set_count.get(), times, "{time:?}");
        }
    }
}
