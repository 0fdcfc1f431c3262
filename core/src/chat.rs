//! A chat: [`ChatRef`] knows its id alone, [`Chat`] what the server said of it.

mod by_id;
mod manage;
mod snapshot;

pub use self::{by_id::ChatRef, snapshot::Chat};
