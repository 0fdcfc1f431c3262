//! The memory limit.

use std::alloc::System;

use cap::Cap;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Maximum length of an input, in bytes. `run` has the same number, as `-max_len`.
pub const MAX_INPUT_LEN: usize = 256 << 10;

/// Memory that may be in use at once for each byte of the input. `tests/hostile.rs` has the same number.
const BYTES_PER_INPUT_BYTE: usize = 16;

/// Memory that may be in use at once for an input of any length, in addition. One exchange needs it for any response:
/// up to 1 MiB preallocated for a body of known length, two buffers of 64 KiB, one of 128 KiB for a long line, a chunk
/// of a file of 64 KiB, and the request. That is 1.4 MiB, and this allows 2 MiB.
const CONSTANT: usize = 2 << 20;

/// Runs `work` with a memory limit for this length of input, in addition to the memory in use. Exceeding it aborts the
/// process.
pub fn limited<T>(input: usize, work: impl FnOnce() -> T) -> T {
    let limit = MEMORY.allocated() + CONSTANT + BYTES_PER_INPUT_BYTE * input;
    MEMORY.set_limit(limit).expect("the limit is above the memory in use");
    let result = work();
    MEMORY.set_limit(usize::MAX).expect("the limit is the maximum");
    result
}
