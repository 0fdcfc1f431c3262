//! Code that the benchmarks share: those of `tests/benches`, and the comparison with other clients in `tests/peers`.

pub mod by_hand;
// The sockets and clocks of the measurements are those of Linux.
#[cfg(target_os = "linux")]
pub mod clock;
pub mod document;
#[cfg(target_os = "linux")]
pub mod http;
pub mod plot;
pub mod process;
pub mod table;
