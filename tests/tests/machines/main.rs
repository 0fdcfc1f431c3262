//! The core's machines: rules for any input, and the behaviour of each operation.

mod behaviour;
mod drive;
mod inputs;
mod pacing;
mod properties;
