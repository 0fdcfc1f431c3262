//! The first bytes of an input of the HTTP targets: which operation, with which settings, and how the bytes are split.

use std::time::Duration;

use teamwire_core::{Config, Limits, RetryPolicy, Timeouts};

use crate::{bot::credentials, served::repeated};

/// How the rest of the input, which is what the server sends, is used.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Which operation is performed.
    pub operation: Operation,
    /// How many bytes each read gets, in turn; zero is a read that has to wait once.
    pub reads: [usize; 3],
    /// How many bytes each write takes, with a wait between two of them; zero is all of them at once.
    pub write: usize,
    /// Whether timers take the time that they are set to, which is then short.
    pub takes_time: bool,
    retries: bool,
    small: bool,
    proxy: bool,
    tls: bool,
}

/// An operation, or several after one another on the same client.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    /// A GET with a JSON response.
    Me,
    /// A POST with a JSON response.
    Post,
    /// A download into memory.
    Download,
    /// A list of several pages.
    Messages,
    /// A POST of a file, which is asked for with `Expect`, and then one of JSON.
    File,
    /// Long polls.
    Feed,
    /// An image into memory.
    Avatar,
    /// The first three, so that connections are used again.
    Several,
}

impl Plan {
    /// Splits an input into its plan and what the server sends; `None` if it is too short.
    pub fn split(input: &[u8]) -> Option<(Self, Vec<u8>)> {
        let ([settings, reads @ .., write], served) = input.split_first_chunk::<5>()?;
        let has = |bit: u8| settings & (1 << bit) != 0;
        let operation = match settings & 7 {
            0 => Operation::Me,
            1 => Operation::Post,
            2 => Operation::Download,
            3 => Operation::Messages,
            4 => Operation::File,
            5 => Operation::Feed,
            6 => Operation::Avatar,
            _ => Operation::Several,
        };
        let plan = Self {
            operation,
            reads: reads.map(length),
            write: length(*write),
            // A feed tries again for ever, and waits in between.
            takes_time: has(3) && !matches!(operation, Operation::Feed),
            retries: has(4),
            small: has(5),
            proxy: has(6),
            tls: has(7),
        };
        Some((plan, repeated(served)))
    }

    /// The settings of the client, for this address of the server.
    pub fn config(&self, host: &str) -> Config {
        let url = format!("{}://{host}", if self.tls { "https" } else { "http" });
        let mut config = Config::new(&url, credentials()).expect("a URL of this machine");
        if self.proxy {
            config = config.with_proxy(&format!("http://user:password@{host}")).expect("a proxy of this machine");
        }
        if self.takes_time {
            let short = Duration::from_millis(2);
            config = config.with_timeouts(Timeouts { default: short, long: short, assets: short });
        }
        if self.small {
            config = config.with_limits(Limits { answer: 5_000, download: 5_000, ..Limits::default() });
        }
        // Without waits: these take time on some clocks.
        config.with_retry(RetryPolicy { retries: if self.retries { 2 } else { 0 }, ..RetryPolicy::NEVER })
    }
}

/// Small numbers are meant for splits within a line, large ones for those within a body.
fn length(byte: u8) -> usize {
    match usize::from(byte) {
        small @ 0..=127 => small,
        large => (large - 127) * 1021,
    }
}
