//! Repairs of HTTP/1.1 responses on their way to `ureq_proto`: what RFC 9110 and 9112 have a client accept, and it refuses.
//!
//! - Interim responses (1xx) with header fields: [`next_head`] tells them from the final one.
//! - Obsolete line folding: [`next_head`] puts spaces in its place.
//! - Transfer codings: [`Framing`] refuses those that it would misread.
//! - Chunk extensions: [`ChunkLines`] leaves them out.

mod chunks;
mod framing;
mod head;

pub use self::{
    chunks::ChunkLines,
    framing::Framing,
    head::{Head, next_head},
};

/// Maximum length of a head, of all trailers, and of a line within a chunked body, in bytes.
pub const MAX_HEAD: usize = 64 << 10;
/// Maximum number of interim responses (1xx) before the final one.
pub const MAX_INTERIM: usize = 32;
/// Length from which a body is announced with `Expect: 100-continue`, in bytes. To send less costs no more than to ask.
pub const MIN_EXPECT_CONTINUE_LENGTH: u64 = (64 << 10) + 1;
/// Maximum time for the server to agree to a body. Not every server does.
pub const EXPECT_CONTINUE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);
