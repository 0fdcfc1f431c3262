//! The first bytes of an input of the HTTP targets: the operation, the settings, and the sizes of reads and writes.

use std::time::Duration;

use teamwire_core::{
    Config,
    config::{Limits, RetryPolicy, Timeouts},
};

use crate::{bot::credentials, response_bytes::expand_repetitions};

/// Selects how the rest of the input, which the server sends, is used.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// The operation to perform.
    pub operation: Operation,
    /// Maximum lengths of the reads, in turn. Zero is a read that is pending once.
    pub read_sizes: [usize; 3],
    /// Maximum length of a write, with a pending write between two of them. Zero is unlimited.
    pub write_size: usize,
    /// True if timers take their real time, which is then short.
    pub real_time: bool,
    use_retries: bool,
    small_limits: bool,
    use_proxy: bool,
    use_tls: bool,
}

/// One operation, or several on the same client.
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
    /// A POST of a file with `Expect: 100-continue`, followed by a POST of JSON.
    File,
    /// A feed's long polls.
    Feed,
    /// A download of an image into memory.
    Avatar,
    /// The first three, so that connections are reused.
    Several,
}

impl Setup {
    /// Splits an input into its setup and the server's bytes. Returns `None` if it is too short.
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
            // A feed retries forever, with waits.
            real_time: has(3) && !matches!(operation, Operation::Feed),
            use_retries: has(4),
            small_limits: has(5),
            use_proxy: has(6),
            use_tls: has(7),
        };
        Some((setup, expand_repetitions(bytes)))
    }

    /// Returns the client's settings, for a server at this address.
    pub fn config(&self, host: &str) -> Config {
        let url = format!("{}://{host}", if self.use_tls { "https" } else { "http" });
        let mut config = Config::new(&url, credentials()).expect("the URL is valid");
        if self.use_proxy {
            config = config.with_proxy(&format!("http://user:password@{host}")).expect("the proxy URL is valid");
        }
        if self.real_time {
            let short = Duration::from_millis(2);
            config = config.with_timeouts(Timeouts { request: short, listing: short, transfer_idle: short });
        }
        if self.small_limits {
            let limits = Limits { max_response_size: 5_000, max_download_size: 5_000, ..Limits::default() };
            config = config.with_limits(limits);
        }
        // No waits between retries, because they take real time with the blocking adapter.
        config.with_retry(RetryPolicy { max_retries: if self.use_retries { 2 } else { 0 }, ..RetryPolicy::NEVER })
    }
}

/// Small values split lines, large values split bodies.
fn chunk_size(byte: u8) -> usize {
    match usize::from(byte) {
        small @ 0..=127 => small,
        large => (large - 127) * 1021,
    }
}
