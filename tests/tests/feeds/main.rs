//! Feeds, one property at a time. The simulator covers the same properties in all orders of events.

mod checkpoints;
mod circles;
mod crashes;
mod events;
mod failures;
mod keys;
mod sets;
mod stops;
mod support;
mod tracker;
