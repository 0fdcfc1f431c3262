//! The core's machines: what holds for all of them whatever comes, and what each promises.

mod behaviour;
mod drive;
mod inputs;
mod pacing;
mod properties;
