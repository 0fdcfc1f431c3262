//! HTTP/1.1 around `ureq_proto`: the check of a request's headers, and the preprocessing of responses, of which it
//! rejects some that RFC 9110 and 9112 require a client to accept.
//!
//! - Interim responses (1xx) with header fields: [`next_head`] distinguishes them from the final one.
//! - Empty lines in front of a head: [`LineBreaks`] skips a few.
//! - Obsolete line folding: [`next_head`] replaces it by spaces.
//! - Transfer codings: [`Framing`] rejects those that it would misread.
//! - Chunk extensions: [`ChunkLines`] removes them.
//!
//! The library logs every byte that it reads. So everything but the framing is withheld from it: the other header
//! fields ([`ParsedHead`]), and the data of bodies.

mod chunks;
mod framing;
mod head;
mod limits;
mod parsed_head;
mod request_headers;

pub use self::{
    chunks::ChunkLines,
    framing::Framing,
    head::{Head, LineBreaks, next_head},
    limits::{EXPECT_CONTINUE_TIMEOUT, MAX_HEAD, MAX_INTERIM, MAX_LINE_BREAKS, MIN_EXPECT_CONTINUE_LENGTH},
    parsed_head::ParsedHead,
    request_headers::check_request_headers,
};
