//! A set of feeds, and what is known of each: see [`Course`].

mod act;
mod any;
mod course;

pub use self::{act::Act, course::Course};
