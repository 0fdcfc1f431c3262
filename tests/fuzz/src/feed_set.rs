//! A set of feeds, and what is known of each: see [`FeedSetModel`].

mod action;
mod any_feed;
mod model;

pub use self::{action::Action, model::FeedSetModel};
