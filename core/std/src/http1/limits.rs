use std::time::Duration;

/// Maximum length of a head, of all trailers, and of a line within a chunked body, in bytes.
pub const MAX_HEAD: usize = 64 << 10;
/// Maximum number of interim responses (1xx) before the final one.
pub const MAX_INTERIM: usize = 32;
/// Length from which a body is announced with `Expect: 100-continue`, in bytes. To send less costs no more than to ask.
pub const MIN_EXPECT_CONTINUE_LENGTH: u64 = (64 << 10) + 1;
/// Maximum time for the server to agree to a body. Not every server does.
pub const EXPECT_CONTINUE_TIMEOUT: Duration = Duration::from_secs(1);
