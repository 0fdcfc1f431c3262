use std::time::Duration;

/// Maximum length of a head, of all trailers, and of a line within a chunked body, in bytes.
pub const MAX_HEAD: usize = 64 << 10;
/// Maximum number of interim responses (1xx) before the final one.
pub const MAX_INTERIM: usize = 32;
/// Maximum number of bytes of line breaks before the heads of a response.
pub const MAX_LINE_BREAKS: usize = 16;
/// Minimum length of a body that is sent with `Expect: 100-continue`, in bytes. Sending a shorter one is as cheap as
/// asking.
pub const MIN_EXPECT_CONTINUE_LENGTH: u64 = (64 << 10) + 1;
/// Maximum time to wait for `100 Continue`, which not every server sends.
pub const EXPECT_CONTINUE_TIMEOUT: Duration = Duration::from_secs(1);
