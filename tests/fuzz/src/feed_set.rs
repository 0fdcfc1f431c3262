//! A set of feeds, and a model that checks it: see [`FeedSetModel`].

mod action;
mod any_feed;
mod model;

pub use self::{action::Action, model::FeedSetModel};
