//! Repairs of HTTP/1.1 responses for `ureq_proto`, which refuses some that RFC 9110 and 9112 require a client to accept.
//!
//! - Interim responses (1xx) with header fields: [`next_head`] tells them from the final one.
//! - Obsolete line folding: [`next_head`] puts spaces in its place.
//! - Transfer codings: [`Framing`] refuses those that it would misread.
//! - Chunk extensions: [`ChunkLines`] leaves them out.
//!
//! The library logs all that it reads, so what it need not see is withheld from it: the header fields that say nothing of the
//! framing ([`ParsedHead`]), and the data of bodies.

mod chunks;
mod framing;
mod head;
mod limits;
mod parsed_head;

pub use self::{
    chunks::ChunkLines,
    framing::Framing,
    head::{Head, next_head},
    limits::{EXPECT_CONTINUE_TIMEOUT, MAX_HEAD, MAX_INTERIM, MIN_EXPECT_CONTINUE_LENGTH},
    parsed_head::ParsedHead,
};
