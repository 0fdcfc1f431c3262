//! The first bytes of an input of the HTTP targets: which operation, with which settings, and how the bytes are split.

use std::time::Duration;

use teamwire_core::{Config, Limits, RetryPolicy, Timeouts};

use crate::{bot::credentials, response_bytes::expand_repetitions};

/// How the rest of the input, which is what the server sends, is used.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Which operation is performed.
    pub operation: Operation,
    /// How many bytes each read gets, in turn; zero is a read that has to wait once.
    pub read_sizes: [usize; 3],
    /// How many bytes each write takes, with a wait between two of them; zero is all of them at once.
    pub write_size: usize,
    /// Whether timers take the time that they are set to, which is then short.
    pub real_time: bool,
    use_retries: bool,
    small_limits: bool,
    use_proxy: bool,
    use_tls: bool,
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

impl Setup {
    /// Splits an input into its plan and what the server sends; `None` if it is too short.
    pub fn split(input: &[u8]) -> Option<(Self, Vec<u8>)> {
        let ([settings, reads @ .., write], bytes) = input.split_first_chunk::<5>()?;
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
        let setup = Self {
            operation,
            read_sizes: reads.map(chunk_size),
            write_size: chunk_size(*write),
            // A feed tries again for ever, and waits in between.
            real_time: has(3) && !matches!(operation, Operation::Feed),
            use_retries: has(4),
            small_limits: has(5),
            use_proxy: has(6),
            use_tls: has(7),
        };
        Some((setup, expand_repetitions(bytes)))
    }

    /// The settings of the client, for this address of the server.
    pub fn config(&self, host: &str) -> Config {
        let url = format!("{}://{host}", if self.use_tls { "https" } else { "http" });
        let mut config = Config::new(&url, credentials()).expect("a URL of this machine");
        if self.use_proxy {
            config = config.with_proxy(&format!("http://user:password@{host}")).expect("a proxy of this machine");
        }
        if self.real_time {
            let short = Duration::from_millis(2);
            config = config.with_timeouts(Timeouts { default: short, long: short, assets: short });
        }
        if self.small_limits {
            config = config.with_limits(Limits { answer: 5_000, download: 5_000, ..Limits::default() });
        }
        // Without waits: these take time on some clocks.
        config.with_retry(RetryPolicy { retries: if self.use_retries { 2 } else { 0 }, ..RetryPolicy::NEVER })
    }
}

/// Small numbers are meant for splits within a line, large ones for those within a body.
fn chunk_size(byte: u8) -> usize {
    match usize::from(byte) {
        small @ 0..=127 => small,
        large => (large - 127) * 1021,
    }
}
