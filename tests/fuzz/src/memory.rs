//! The memory limit.

use std::alloc::System;

use cap::Cap;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Longest input, in bytes. The same number is in `run`, as `-max_len`.
pub const MAX_INPUT_LEN: usize = 256 << 10;

/// How much may be allocated for each byte of the input.
const BYTES_PER_INPUT_BYTE: usize = 64;

/// The length that shorter inputs count as. It covers what one exchange allocates whatever the response is: up to 1 MiB
/// for a body of announced length, before it has arrived, two buffers of 64 KiB, one of 128 KiB for a long line, a piece
/// of a file of 64 KiB, and the request. That is 1.4 MiB, and this allows 2 MiB.
const MIN_COUNTED_LEN: usize = 32 << 10;

/// Runs `work`, and ends the process where more memory than the limit for this length of input would be in use at once,
/// in addition to what is in use now.
pub fn limited<T>(input: usize, work: impl FnOnce() -> T) -> T {
    let limit = MEMORY.allocated() + BYTES_PER_INPUT_BYTE * input.max(MIN_COUNTED_LEN);
    MEMORY.set_limit(limit).expect("it is more than what is in use");
    let result = work();
    MEMORY.set_limit(usize::MAX).expect("nothing is more");
    result
}
