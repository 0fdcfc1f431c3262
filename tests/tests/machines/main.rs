//! The core's machines: the rules of all of them for any input, and the behaviour of each.

mod behaviour;
mod drive;
mod inputs;
mod pacing;
mod properties;
