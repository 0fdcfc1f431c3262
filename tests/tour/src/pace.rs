//! The pace of the story: at once, or with pauses in which a person can follow it.

use std::{
    error::Error,
    fmt,
    io::{self, Write},
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

/// The pace of the story.
pub(crate) enum Pace {
    /// Without pauses.
    Fast,
    Slow {
        /// The pause before each step.
        pause: Duration,
        /// Receives a message when the program is to stop.
        stop: Receiver<()>,
    },
}

/// The program was stopped during the story.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped")
    }
}

impl Error for Stopped {}

impl Pace {
    /// Pauses before a step.
    ///
    /// # Errors
    ///
    /// Fails if the program is to stop.
    pub(crate) fn pause(&self) -> Result<(), Stopped> {
        match self {
            Self::Fast => Ok(()),
            Self::Slow { pause, .. } => self.pause_for(*pause),
        }
    }

    /// Same as [`pause`](Self::pause), for another time.
    ///
    /// # Errors
    ///
    /// Fails if the program is to stop.
    pub(crate) fn pause_for(&self, pause: Duration) -> Result<(), Stopped> {
        match self {
            Self::Fast => Ok(()),
            Self::Slow { stop, .. } => match stop.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => Ok(()),
                Ok(()) | Err(RecvTimeoutError::Disconnected) => Err(Stopped),
            },
        }
    }

    /// Prints what has happened, unless all of it follows in a table.
    ///
    /// # Errors
    ///
    /// Fails if the terminal is closed.
    pub(crate) fn tell(&self, line: fmt::Arguments<'_>) -> io::Result<()> {
        match self {
            Self::Fast => Ok(()),
            Self::Slow { .. } => writeln!(io::stdout().lock(), "{line}"),
        }
    }

    /// Waits until the program is to stop.
    pub(crate) fn wait_for_stop(&self) {
        if let Self::Slow { stop, .. } = self {
            // A sender that is gone stops it as well.
            let _ = stop.recv();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn pause_ends_early_if_the_program_is_to_stop() {
        let (sender, stop) = mpsc::channel();
        let pace = Pace::Slow { pause: Duration::ZERO, stop };
        assert_eq!(pace.pause(), Ok(()));
        sender.send(()).expect("the pace has the receiver");
        let Pace::Slow { stop, .. } = pace else { unreachable!("it is slow") };
        let pace = Pace::Slow { pause: Duration::from_secs(3600), stop };
        assert_eq!(pace.pause(), Err(Stopped));
        assert_eq!(Pace::Fast.pause(), Ok(()));
    }
}
